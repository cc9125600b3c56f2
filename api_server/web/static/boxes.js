// Boxes with their words, drawn over a picture: of a live one as they come, of a recorded one from its sidecars.
const COLOURS = { emotion: "#ffd54a", license_plate: "#55e0ff" };

/** Draw what `analysis` found, in pixels of the canvas. */
export function drawBoxes(context, analysis, items) {
  for (const item of items) drawBox(context, item, COLOURS[analysis] ?? "#8cff9e", context.canvas.width);
}

/** What a sidecar says of each moment of `video`, on a canvas above it. */
export class Overlay {
  /** `clip`: the one that plays, with its width, height and `t0_us`. */
  constructor(video, canvas, clip) {
    this.video = video;
    this.canvas = canvas;
    this.t0_us = clip.t0_us;
    this.shown = new Map();
    canvas.width = clip.width;
    canvas.height = clip.height;
    this.#everyFrame(() => this.draw());
    video.addEventListener("seeked", () => this.draw());
  }

  show(sidecar) {
    this.shown.set(sidecar.analysis, sidecar);
    this.draw();
  }

  hide(analysis) {
    this.shown.delete(analysis);
    this.draw();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const [analysis, sidecar] of this.shown) {
      // Half a millisecond: a video's time is a float, the sidecar's a whole number. The other clip may begin at another frame.
      const at_ms = this.video.currentTime * 1000 + (this.t0_us - sidecar.t0_us) / 1000 + 0.5;
      drawBoxes(context, analysis, sidecar.detections.findLast((one) => one.pts_ms <= at_ms)?.items ?? []);
    }
  }

  #everyFrame(call) {
    if (this.video.requestVideoFrameCallback) {
      const again = () => {
        call();
        this.video.requestVideoFrameCallback(again);
      };
      this.video.requestVideoFrameCallback(again);
    } else {
      this.video.addEventListener("timeupdate", call);
    }
  }
}

function drawBox(context, item, colour, width) {
  const [x, y, w, h] = item.box;
  const size = Math.max(12, Math.round(width / 40));
  const words = [item.text ?? item.label ?? item.kind, Number.isFinite(item.score) ? `${Math.round(item.score * 100)} %` : ""]
    .filter(Boolean)
    .join(" ");
  context.lineWidth = Math.max(2, Math.round(width / 320));
  context.strokeStyle = colour;
  context.strokeRect(x, y, w, h);
  context.font = `600 ${size}px system-ui, sans-serif`;
  const above = y >= size * 1.5 ? y - size * 1.5 : y + h;
  context.fillStyle = "rgb(0 0 0 / 70%)";
  context.fillRect(x, above, context.measureText(words).width + size * 0.7, size * 1.5);
  context.fillStyle = colour;
  context.fillText(words, x + size * 0.35, above + size * 1.08);
}
