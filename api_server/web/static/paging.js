// A list in pages behind its filters, with its "Show more" button.
import { get } from "./api.js";
import { byId, showProblem } from "./dom.js";
import { isOldestFirst, queryOf } from "./filters.js";

/**
 * The list at `path`, `size` items a page, filtered by `form`. `take(page, isFirst)` shows a page: the first replaces what was shown.
 * An answer to filters that have changed since is dropped.
 */
export function pagedList(path, size, form, take) {
  const more = byId("more");
  let next = null;
  let last; // the cursor of the last page that is shown; undefined while another list is on its way
  let generation = 0;

  async function ask(limit, cursor) {
    const mine = generation;
    const query = queryOf(form);
    query.set("limit", limit);
    if (cursor) query.set("cursor", cursor);
    const page = await get(`${path}?${query}`);
    return mine === generation ? page : null;
  }

  function end(page) {
    next = page.next;
    more.hidden = next === null;
  }

  async function load(cursor) {
    const page = await ask(size, cursor);
    if (page === null) return;
    last = cursor;
    end(page);
    take(page, cursor === null);
  }

  more.addEventListener("click", async () => {
    more.disabled = true;
    await load(next).catch((problem) => showProblem(byId("problem"), problem));
    more.disabled = false;
  });

  return {
    /** The first page again. Throws what `get` throws. */
    first: () => load(null),

    /** From the beginning, with the filters as they are now; a problem is shown on the page. */
    async reload() {
      generation += 1;
      last = undefined;
      try {
        await load(null);
        showProblem(byId("problem"), null);
      } catch (problem) {
        showProblem(byId("problem"), problem);
      }
    },

    /**
     * What is at the end where things come: `{page, place}`, place being where it goes, "prepend" or "append". Null when the filters have
     * changed meanwhile, and while that end is further down than what is shown.
     */
    async arrivals(limit) {
      const place = isOldestFirst(form) ? "append" : "prepend";
      if (place === "append" && (last === undefined || next !== null)) return null;
      const page = await (place === "append" ? ask(size, last) : ask(limit, null));
      if (page === null) return null;
      if (place === "append") end(page);
      return { page, place };
    },
  };
}
