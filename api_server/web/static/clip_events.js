// Following the lists of clips and sightings: asked again as soon as something is in them that was not.
import { repeat } from "./api.js";
import { follow } from "./events.js";

const POLL_MS = 3000;
const UNTOLD_S = 20; // what the sweep lists is told to nobody

/** Runs `ask` when a clip has been listed, one at a time; every three seconds where the server has no place for a stream. */
export function followClips(ask) {
  let isAsking = false;
  let isStale = false;

  async function turn() {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    while (isStale) {
      isStale = false;
      // What fails now is asked again with the next clip, and by who reloads the page.
      await ask().catch(() => {});
    }
    isAsking = false;
  }

  follow({ events: "/v1/clips/events", name: "clips", ask: async () => null, everyMs: POLL_MS, isLast: () => false }, turn, () => {});
  repeat(UNTOLD_S, turn);
}
