// One camera's picture: live when it comes, else the newest poster, else words.
import { get } from "./api.js";
import { el, picture } from "./dom.js";
import { span } from "./words.js";

const POSTER_EVERY_MS = 10_000;

export class Screen {
  constructor(camera, name) {
    this.camera = camera;
    this.name = name;
    this.canvas = el("canvas", { width: 640, height: 480, role: "img", "aria-label": `Live picture of ${name}`, hidden: true });
    this.badge = el("span", { class: "badge live top-0 start-0", hidden: true }, "live");
    this.still = el("span", { class: "none" }, "Waiting for a picture…");
    this.posterClip = null;
    this.posterAt = -Infinity;
    this.isLive = false;
  }

  /** Put the picture into `frame`. */
  mount(frame) {
    frame.replaceChildren(this.still, this.canvas, this.badge);
  }

  setLive(isLive) {
    if (isLive === this.isLive) return;
    this.isLive = isLive;
    this.canvas.hidden = !isLive;
    this.badge.hidden = !isLive;
    this.still.hidden = isLive;
  }

  /** While nothing is live, show the newest clip's poster; asks at most every ten seconds. */
  async refreshStill() {
    if (this.isLive || performance.now() - this.posterAt < POSTER_EVERY_MS) return;
    this.posterAt = performance.now();
    const { clips } = await get(`/v1/clips?camera=${this.camera}&sightings=any&limit=1`);
    const clip = clips[0];
    if (!clip) {
      this.#show(el("span", { class: "none" }, "No picture yet. Send one with the camera's token."));
    } else if (clip.id !== this.posterClip) {
      const age = (Date.now() * 1000 - clip.last_captured_us) / 1e6;
      const words = `Newest clip of ${this.name}, ${span(Math.max(0, age))} old`;
      this.#show(picture(clip.poster, words, "No picture yet.", { title: words, loading: "eager" }));
    }
    this.posterClip = clip?.id ?? null;
  }

  #show(element) {
    element.hidden = this.isLive;
    this.still.replaceWith(element);
    this.still = element;
  }
}
