// Following one query, and the list of queries.
import { get } from "./api.js";
import { follow } from "./events.js";
import { isActive } from "./query_words.js";

const POLL_MS = 1000;
const LIST_POLL_MS = 2000;

/** Calls `take(query)` whenever it has changed, until it has ended; `failed(problem)` when it cannot be asked, null when it can. */
export function followQuery(path, take, failed) {
  return follow({ events: `${path}/events`, name: "query", ask: () => get(path), everyMs: POLL_MS, isLast: (query) => !isActive(query) }, take, failed);
}

/** Calls `take(page)` with the newest queries whenever they have changed. `filters`: a URLSearchParams with a limit. */
export function followQueries(filters, take, failed) {
  const events = `/v1/queries/events?${filters}`;
  const ask = () => get(`/v1/queries?${filters}`);
  return follow({ events, name: "queries", ask, everyMs: LIST_POLL_MS, isLast: () => false }, take, failed);
}
