// Whether pictures come from a camera, as a badge; and a word about its clock when that is off.
import { badgeClass, el } from "./dom.js";
import { span } from "./words.js";

const MOODS = { live: "good", stalled: "warn", offline: "bad" };
const SKEW_SHOWN_S = 2;
const KINDS = { webcam: "webcam", "ip-camera": "IP camera" };

/** "live, 9.9 frames/s", "stalled, newest picture 12 s ago", "offline" */
export function stateWords(state) {
  if (state.flow === "live") return state.frames_per_s === null ? "live" : `live, ${rate(state.frames_per_s)}`;
  if (state.last_frame_age_s === null) return state.flow;
  return `${state.flow}, newest picture ${span(state.last_frame_age_s)} ago`;
}

const rate = (fps) => (fps >= 1 ? `${Number(fps.toFixed(1))} frames/s` : `a frame every ${span(1 / fps)}`);

/** Fill a list with the state, and with the skew of the clock where it matters. */
export function fillState(list, state) {
  const tags = [el("li", { class: badgeClass(MOODS[state.flow]), "data-flow": state.flow }, stateWords(state))];
  if (state.skew_s !== null && Math.abs(state.skew_s) >= SKEW_SHOWN_S) {
    const words = `clock ${span(Math.abs(state.skew_s))} ${state.skew_s > 0 ? "fast" : "slow"}`;
    tags.push(el("li", { class: badgeClass("warn"), title: "The camera's own clock differs from this server's. Clips show its times." }, words));
  }
  list.replaceChildren(...tags);
}

/** "North entrance, IP camera" */
export const placeWords = (camera) => [camera.place, KINDS[camera.kind]].filter(Boolean).join(", ");
