// What a person does before the page's scripts listen is done again once they do: on a slow line a pressed button would
// be lost, and a form would go out by itself with what is in it in the address. A classic script, so that it comes first.
{
  const LIMIT_MS = 15000;
  const KINDS = ["click", "submit", "input", "change"];
  const kept = new Map();

  const isSwitch = (control) => control.type === "checkbox" || control.type === "radio";

  function keep(event) {
    const { type, target, submitter } = event;
    if (!(target instanceof Element)) return;
    if (type === "click") {
      // Links and what the browser does by itself go on as ever.
      const button = target.closest("button");
      if (button === null || button.disabled) return;
      event.preventDefault();
      kept.set(button, () => button.click());
    } else if (type === "submit") {
      event.preventDefault();
      kept.set(target, () => target.requestSubmit(submitter));
    } else {
      // A script that begins may set the form to what its address says.
      const { value, checked } = target;
      kept.delete(target);
      kept.set(target, () => {
        if (isSwitch(target)) target.checked = checked;
        else if (target.value !== value) target.value = value;
        for (const kind of ["input", "change"]) target.dispatchEvent(new Event(kind, { bubbles: true }));
      });
    }
    event.stopImmediatePropagation();
  }

  for (const kind of KINDS) addEventListener(kind, keep, true);

  document.addEventListener("DOMContentLoaded", async () => {
    const scripts = [...document.querySelectorAll("script[type=module]")];
    // Importing what is being loaded waits until it has run; one that fails tells the console by itself.
    const loaded = Promise.all(scripts.map((script) => import(script.src).catch(() => undefined)));
    await Promise.race([loaded, new Promise((resolve) => { setTimeout(resolve, LIMIT_MS); })]);
    for (const kind of KINDS) removeEventListener(kind, keep, true);
    for (const again of kept.values()) again();
  });
}
