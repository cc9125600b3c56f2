// Following a query: by server-sent events, and by asking every second where the server has no place for another stream.
import { get } from "./api.js";
import { isActive } from "./query_words.js";

const POLL_MS = 1000;
const POLLS_BEFORE_EVENTS = 30;

/** Calls `take(query)` whenever it has changed, until it has ended; `failed(problem)` when it cannot be asked, null when it can. */
export function followQuery(path, take, failed) {
  let source = null;
  let timer = null;
  let polls = 0;
  let isOver = false;

  function seen(query) {
    isOver = !isActive(query);
    if (isOver) stop();
    failed(null);
    take(query);
  }

  function stop() {
    source?.close();
    source = null;
    clearTimeout(timer);
    timer = null;
  }

  function listen() {
    source = new EventSource(`${path}/events`);
    source.addEventListener("query", (event) => seen(JSON.parse(event.data)));
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
      failed(problem);
      if (problem.status === 404) return;
    }
    if (isOver || document.hidden) return;
    // There may be a place by now.
    timer = setTimeout(polls % POLLS_BEFORE_EVENTS === 0 ? listen : poll, POLL_MS);
  }

  document.addEventListener("visibilitychange", () => {
    stop();
    if (!document.hidden && !isOver) listen();
  });
  listen();
  return stop;
}
