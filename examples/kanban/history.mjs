// The slider through the board's history: `store.at(index)`, one at a time, the last that was asked for.
import { kCards } from "./board.mjs";

/** @typedef {import("./board.mjs").Card} Card */

/**
 * @param {import("tablog").Store<any>} store
 * @param {{
 *   range: HTMLInputElement,
 *   moment: HTMLElement,
 *   back: HTMLElement,
 *   show: (past: readonly Card[] | undefined) => void,
 *   tell: (error: unknown) => void,
 * }} page `show` takes the cards of an earlier moment; undefined: it is now again.
 */
export function followHistory(store, { range, moment, back, show, tell }) {
  let inPast = false;
  let busy = false;
  let wanted = 0; // an index that is to be shown after the one that is being made
  /** The entries that changed the board: what the slider stops at. @type {{ index: number, time: number }[]} */
  const moments = [];

  let readThrough = 0;
  let reading = false;

  async function readOn() {
    if (reading) return;
    reading = true;
    try {
      while (readThrough < store.status.head) {
        const to = store.status.head;
        for await (const { index, time } of store.read({ from: readThrough + 1, to }))
          moments.push({ index, time });
        readThrough = to;
      }
    } finally {
      reading = false;
    }
    range.max = String(moments.length);
    range.disabled = moments.length === 0;
    if (!inPast) range.value = range.max;
  }

  async function showAt(/** @type {number} */ index) {
    wanted = index;
    if (busy) return;
    busy = true;
    try {
      for (let shown = -1; shown !== wanted && inPast;) {
        shown = wanted;
        const past = await store.at(shown);
        const cards = /** @type {Card[]} */ (await past.query(kCards));
        await past.close();
        if (inPast && shown === wanted) show(cards);
      }
    } catch (error) {
      tell(error);
    } finally {
      busy = false;
    }
  }

  function goTo(/** @type {number} */ place) {
    inPast = place < moments.length;
    back.hidden = !inPast;
    const at = moments[place - 1];
    if (!inPast) moment.textContent = "now";
    else if (at === undefined) moment.textContent = "before the first card";
    else moment.textContent = `entry ${at.index}, ${new Date(at.time).toLocaleTimeString()}`;
    if (!inPast) show(undefined);
    else void showAt(at?.index ?? Math.max((moments[0]?.index ?? 1) - 1, 1));
  }

  range.addEventListener("input", () => goTo(Number(range.value)));
  back.addEventListener("click", () => {
    range.value = range.max;
    goTo(moments.length);
    range.focus();
  });
  const follow = () => void readOn().catch(tell);
  store.addEventListener("statuschange", follow);
  follow();
  return { isInPast: () => inPast };
}
