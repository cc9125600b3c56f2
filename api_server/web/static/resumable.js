// An upload that goes on after a break (tus 1.0): pieces of a file, each asked for by how much the server has.
import { Problem } from "./api.js";

const PIECE_BYTES = 8 * 2 ** 20;
const FAILURES_MAX = 40;
const PAUSE_MAX_MS = 8_000;
/** Broken off, somewhere else by now, still at the piece before, or away: ask how far it is. */
const AGAIN = new Set([0, 400, 409, 423, 502, 503, 504]);
const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

const coded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** One request; resolves to {offset, recording, location}. Rejects with a Problem. `begun` is told the request itself. */
function ask(method, path, headers = {}, body = null, progress = () => {}, begun = () => {}) {
  return new Promise((resolve, reject) => {
    // fetch tells nothing of a body under way.
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-CSRF-Token": csrf, ...headers })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("loadend", () => {
      if (request.status >= 200 && request.status < 300) {
        const header = (name) => request.getResponseHeader(name);
        resolve({ offset: Number(header("Upload-Offset")), recording: header("X-Lookout-Recording"), location: header("Location") });
        return;
      }
      let said = {};
      try {
        said = JSON.parse(request.responseText);
      } catch {
        // no JSON: a proxy's answer, or none
      }
      reject(new Problem(request.status, said.code ?? "unknown", said.message ?? `The server answered ${request.status}.`));
    });
    begun(request);
    request.send(body);
  });
}

/** Where an upload of this very file was begun, kept for the next visit. */
class Memory {
  constructor(file) {
    this.key = `upload:${file.name}:${file.size}:${file.lastModified}`;
  }

  get() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null;
    }
  }

  set(location) {
    try {
      if (location) localStorage.setItem(this.key, location);
      else localStorage.removeItem(this.key);
    } catch {
      // storage is closed to us: a reloaded page begins anew
    }
  }
}

export class ResumableUpload {
  /** `told(bytes, isWaiting)` is called as it goes on, and when the connection is gone and tried again. */
  constructor(file, recordedAt, told) {
    this.file = file;
    this.recordedAt = recordedAt;
    this.told = told;
    this.memory = new Memory(file);
    this.location = null;
    this.request = null;
    this.isCancelled = false;
  }

  /** Resolves to the recording's path; null when it was cancelled. Rejects with a Problem. */
  async run() {
    let failures = 0;
    while (!this.isCancelled) {
      try {
        let at = await this.#where();
        while (!at.recording && !this.isCancelled) {
          at = await this.#send(at.offset);
          failures = 0;
        }
        if (at.recording) {
          this.memory.set(null);
          return at.recording;
        }
      } catch (problem) {
        if (this.isCancelled) break;
        if (!AGAIN.has(problem.status) || ++failures > FAILURES_MAX) {
          if (problem.status !== 0) this.memory.set(null);
          throw problem;
        }
        this.told(null, true);
        await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MAX_MS, 250 * 2 ** failures)));
      }
    }
    return null;
  }

  /** Nothing of it is kept. */
  cancel() {
    this.isCancelled = true;
    this.request?.abort();
    this.memory.set(null);
    if (this.location) ask("DELETE", this.location).catch(() => {});
  }

  async #where() {
    this.location ??= this.memory.get();
    if (this.location) {
      try {
        return await ask("HEAD", this.location);
      } catch (problem) {
        if (problem.status !== 404 && problem.status !== 410) throw problem;
      }
    }
    const said = [`filename ${coded(this.file.name)}`];
    if (this.recordedAt) said.push(`recorded_at ${coded(new Date(this.recordedAt).toISOString())}`);
    const begun = await ask("POST", "/v1/uploads", { "Upload-Length": this.file.size, "Upload-Metadata": said.join(",") });
    this.location = begun.location;
    this.memory.set(begun.location);
    return begun;
  }

  #send(offset) {
    const piece = this.file.slice(offset, offset + PIECE_BYTES);
    const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    this.told(offset, false);
    return ask("PATCH", this.location, headers, piece, (loaded) => this.told(offset + loaded, false), (request) => (this.request = request));
  }
}
