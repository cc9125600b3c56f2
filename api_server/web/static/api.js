// Talking to the API. Every error is a Problem with a sentence that can be shown.

const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export class Problem extends Error {
  /** `fields`: where fields of what was sent are not right, as `{path, message}`. */
  constructor(status, code, message, fields = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

let hasSignedOut = false;

/** End the session, and go to the door. */
export async function signOut() {
  await remove("/v1/session");
  hasSignedOut = true;
  location.assign("/sign-in");
}

/** Call the API; resolves to the parsed answer, or null for 204. Rejects with a Problem. */
export async function call(method, path, body, further = {}) {
  const headers = { Accept: "application/json", ...further };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, "offline", "The server does not answer. Is it running?");
  }
  if (response.status === 401 && path !== "/v1/session") {
    // Who signs out does not want to come back to where an answer was still on its way.
    if (hasSignedOut) return new Promise(() => {});
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Problem(response.status, answer?.code ?? "unknown", answer?.message ?? `The server answered ${response.status}.`, answer?.fields);
}

export const get = (path) => call("GET", path);
/** The first page of a list, with all of the list in it: `whole("/v1/status", "cameras")`. */
export async function whole(path, name) {
  const first = await get(`${path}?limit=200`);
  let cursor = first.next;
  while (cursor !== null) {
    const page = await get(`${path}?limit=200&cursor=${cursor}`);
    first[name].push(...page[name]);
    cursor = page.next;
  }
  return first;
}
/** All of a list that is paged: `all("/v1/cameras", "cameras")`. */
export const all = async (path, name) => (await whole(path, name))[name];
export const post = (path, body) => call("POST", path, body);
export const put = (path, body) => call("PUT", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

/** Run `work` every `seconds` while the page can be seen, and at once; a failure is told to `failed` and does not end it. */
export function repeat(seconds, work, failed = () => {}) {
  let timer = null;
  const turn = async () => {
    timer = null;
    try {
      await work();
      failed(null);
    } catch (problem) {
      failed(problem);
    }
    if (!document.hidden) timer = setTimeout(turn, seconds * 1000);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && timer === null) timer = setTimeout(turn, 0);
  });
  return turn();
}
