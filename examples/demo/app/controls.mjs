// The buttons. What one tab's buttons do happens in every tab: they speak through the crew.

import { byId } from "./dom.mjs";

/**
 * @param {import("tablog").Store} store
 * @param {import("./crew.mjs").Crew} crew
 * @param {(problem: unknown) => void} complain
 */
export function connectControls(store, crew, complain) {
  const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (byId(id));
  const pace = /** @type {HTMLSelectElement} */ (byId("pace"));
  let recording = false;

  const record = () => crew.tell({ kind: "record", perSecond: Number(pace.value) });
  button("record").onclick = () => (recording ? crew.tell({ kind: "pause" }) : record());
  pace.onchange = () => recording && record();

  const endLeader = (/** @type {"reload" | "close"} */ how) => {
    const id = store.status.leaderId;
    if (id !== null) crew.tell({ kind: "end", id, how });
  };
  button("close-leader").onclick = () => endLeader("close");
  button("reload-leader").onclick = () => endLeader("reload");
  crew.addEventListener("end", (event) => {
    const { id, how } = /** @type {CustomEvent} */ (event).detail;
    if (id !== store.status.clientId) return;
    if (how === "reload") return location.reload();
    // A script may only close a tab that has nothing to go back to; any other one leaves.
    window.close();
    location.assign("ended.html");
  });

  button("clear").onclick = () => {
    crew.tell({ kind: "pause" });
    store.exec("DELETE FROM flight").catch(complain);
  };
  button("export").onclick = () => void exportLog(store).catch(complain);

  for (const id of ["record", "clear", "export", "close-leader", "reload-leader"])
    button(id).disabled = false;

  return {
    /** @param {boolean} now Whether this tab records. */
    setRecording(now) {
      recording = now;
      button("record").textContent = now ? "Pause every tab" : "Record in every tab";
    },
  };
}

/**
 * Gives the log to the browser as a download; `tablog verify` and `tablog replay` read it.
 * @param {import("tablog").Store} store
 */
async function exportLog(store) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await store.exportLog());
  link.download = "flights.tablog";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
