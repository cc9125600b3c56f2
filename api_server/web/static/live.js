// Live pictures: one WebSocket for all cameras of a page; each picture is drawn with its newest boxes on a canvas.
import { post } from "./api.js";
import { drawBoxes } from "./boxes.js";

const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const STALE_MS = 5000;

export class Live {
  /** `changed(camera, isLive, capturedUs)`: called at every picture, and once when pictures stop coming. */
  constructor(cameras, canvasOf, changed, maxFps = 10) {
    this.cameras = cameras;
    this.canvasOf = canvasOf;
    this.changed = changed;
    this.maxFps = maxFps;
    this.seenAt = new Map();
    this.attempt = 0;
    this.socket = null;
    this.header = null;
    this.isStopped = false;
    setInterval(() => this.#tellStale(), 1000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
    this.#open();
  }

  stop() {
    this.isStopped = true;
    this.#close();
  }

  async #open() {
    if (this.isStopped || this.socket || document.hidden || this.cameras.length === 0) return;
    let grant;
    try {
      grant = await post("/v1/live-token", { cameras: this.cameras });
    } catch {
      this.#retry();
      return;
    }
    if (this.isStopped || this.socket || document.hidden) return;
    const socket = new WebSocket(grant.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ token: grant.token, cameras: this.cameras, max_fps: this.maxFps })),
    );
    socket.addEventListener("message", (event) => this.#take(socket, event.data));
    socket.addEventListener("close", () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.header = null;
      this.#retry();
    });
  }

  #close() {
    const socket = this.socket;
    this.socket = null;
    this.header = null;
    socket?.close();
  }

  #retry() {
    if (this.isStopped) return;
    const wait = RETRY_MS[Math.min(this.attempt, RETRY_MS.length - 1)];
    this.attempt += 1;
    setTimeout(() => this.#open(), wait * (0.7 + Math.random() * 0.6));
  }

  #take(socket, data) {
    if (socket !== this.socket) return;
    if (typeof data === "string") {
      const message = JSON.parse(data);
      this.header = message.type === "frame" ? message : null;
      return;
    }
    const header = this.header;
    this.header = null;
    if (!header) return;
    this.attempt = 0;
    this.#draw(header, data);
  }

  async #draw(header, data) {
    const canvas = this.canvasOf(header.camera);
    if (!canvas) return;
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
    } catch {
      return;
    }
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    const context = canvas.getContext("2d", { alpha: false });
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    for (const [analysis, items] of Object.entries(header.detections ?? {})) drawBoxes(context, analysis, items);
    this.seenAt.set(header.camera, performance.now());
    this.changed(header.camera, true, header.captured_us);
  }

  #tellStale() {
    const now = performance.now();
    for (const [camera, at] of this.seenAt) {
      if (now - at > STALE_MS) {
        this.seenAt.delete(camera);
        this.changed(camera, false, null);
      }
    }
  }
}
