// The board in this tab: live across tabs, optimistic, with undo, and a slider through its history.
import { openStore } from "tablog";
import { inverse, kCards, lanes, rankAt, schema } from "./board.mjs";
import { followHistory } from "./history.mjs";
import { renderBoard } from "./view.mjs";

/** @typedef {import("./board.mjs").Card} Card */
/** @typedef {import("./board.mjs").BoardEvent} BoardEvent */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {readonly Card[]} */
let cards = [];
/** @type {BoardEvent[]} What takes back what this tab has done, the last at the end. */
const undone = [];

function tell(/** @type {unknown} */ error) {
  const problem = byId("problem");
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
}

const store = await openStore({ name: "kanban", schema }).catch((error) => {
  tell(error);
  throw error;
});

// A newer version of this page may be open in another tab: the person is told to reload.
store.addEventListener("error", ({ error }) => tell(error));

/** Shown at once; the log has it a moment later, or it is gone again. */
async function act(/** @type {BoardEvent} */ event, undoing = false) {
  const back = inverse(
    event,
    cards.find(({ id }) => id === event.args.id),
  );
  if (back !== undefined && !undoing) undone.push(back);
  showUndo();
  try {
    await store.append(event.type, /** @type {any} */ (event.args), { optimistic: true });
    byId("problem").hidden = true;
  } catch (error) {
    if (back !== undefined && !undoing) undone.splice(undone.indexOf(back), 1);
    showUndo();
    tell(error);
  }
}

function showUndo() {
  /** @type {HTMLButtonElement} */ (byId("undo")).disabled = undone.length === 0;
}

const board = renderBoard(byId("board"), lanes, {
  move: (id, lane, place) => {
    const others = cards.filter((card) => card.lane === lane && card.id !== id);
    void act({ type: "card.moved", args: { id, lane, rank: rankAt(others, place) } });
    const title = lanes.find((each) => each.id === lane)?.title ?? lane;
    byId("spoken").textContent = `Moved to ${title}, place ${place + 1}`;
  },
  rename: (id, title) => void act({ type: "card.renamed", args: { id, title } }),
  remove: (id) => void act({ type: "card.removed", args: { id } }),
});

const history = followHistory(store, {
  range: /** @type {HTMLInputElement} */ (byId("when")),
  moment: byId("moment"),
  back: byId("now"),
  show: (past) => board.show(past ?? cards, past === undefined),
  tell,
});

store.watch(kCards).subscribe((rows) => {
  cards = /** @type {Card[]} */ (/** @type {unknown} */ (rows));
  if (!history.isInPast()) board.show(cards, true);
  byId("board").removeAttribute("aria-busy");
}, tell);

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const title = /** @type {HTMLInputElement} */ (byId("title"));
  const others = cards.filter(({ lane }) => lane === "todo");
  const args = {
    id: crypto.randomUUID(),
    title: title.value.trim(),
    lane: "todo",
    rank: rankAt(others, others.length),
  };
  if (args.title !== "") void act({ type: "card.added", args });
  title.value = "";
});

function undo() {
  const last = undone.pop();
  if (last !== undefined) void act(last, true);
}
byId("undo").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) {
    event.preventDefault();
    undo();
  }
});
