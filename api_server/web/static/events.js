// Following something by server-sent events, and by asking now and then where the server has no place for another stream.

const POLLS_BEFORE_EVENTS = 30;

/**
 * Calls `take(found)` with the data of every event `name` of the stream `events`, until `isLast(found)`. Where there is no place for
 * a stream, with what `ask()` resolves to, every `everyMs`. `failed(problem)` when it cannot be asked, null when it can. Returns what
 * ends it.
 */
export function follow({ events, name, ask, everyMs, isLast }, take, failed) {
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
      seen(await ask());
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
