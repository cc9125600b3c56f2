// What every signed-in page has: signing out.
import { signOut } from "./api.js";
import { byId, notice } from "./dom.js";

// On a phone the pages stand in a row that is wider than the screen.
document.querySelector(".bar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

byId("sign-out").addEventListener("click", async () => {
  try {
    await signOut();
  } catch (problem) {
    notice(problem.message);
  }
});
