// Following queries: by server-sent events, and by asking now and then where the server has no place for another stream.
import { get } from "./api.js";
import { isActive } from "./query_words.js";

const POLL_MS = 1000;
const LIST_POLL_MS = 2000;
const POLLS_BEFORE_EVENTS = 30;

/** Calls `take(query)` whenever it has changed, until it has ended; `failed(problem)` when it cannot be asked, null when it can. */
export function followQuery(path, take, failed) {
  return follow({ events: `${path}/events`, name: "query", path, everyMs: POLL_MS, isLast: (query) => !isActive(query) }, take, failed);
}

/** Calls `take(page)` with the newest queries whenever they have changed. `filters`: a URLSearchParams with a limit. */
export function followQueries(filters, take, failed) {
  const events = `/v1/queries/events?${filters}`;
  return follow({ events, name: "queries", path: `/v1/queries?${filters}`, everyMs: LIST_POLL_MS, isLast: () => false }, take, failed);
}

/** Returns what ends it. */
function follow({ events, name, path, everyMs, isLast }, take, failed) {
  let source = null;
  let timer = null;
  let polls = 0;
  let isOver = false;

  function seen(found) {
    if (isOver) return;
    isOver = isLast(found);
    if (isOver) stop();
    failed(null);
    take(found);
  }

  function stop() {
    source?.close();
    source = null;
    clearTimeout(timer);
    timer = null;
  }

  function listen() {
    source = new EventSource(events);
    source.addEventListener(name, (event) => seen(JSON.parse(event.data)));
    // What is no longer ours, or not there: asking says which, and why.
    source.addEventListener("gone", () => poll());
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) poll();
    });
  }

  async function poll() {
    stop();
    try {
      seen(await get(path));
      polls += 1;
    } catch (problem) {
      if (isOver) return;
      failed(problem);
      if (problem.status === 404) return;
    }
    if (isOver || document.hidden) return;
    // There may be a place by now.
    timer = setTimeout(polls % POLLS_BEFORE_EVENTS === 0 ? listen : poll, everyMs);
  }

  function changed() {
    stop();
    if (!document.hidden && !isOver) listen();
  }

  document.addEventListener("visibilitychange", changed);
  listen();
  return () => {
    isOver = true;
    stop();
    document.removeEventListener("visibilitychange", changed);
  };
}
