// Recorder: appends this tab's share of the flights, one event each, and goes on where a tab that was
// killed with the same share had stopped.

import { kShares } from "./crew.mjs";
import { recorded } from "./queries.mjs";

const kInFlight = 64; // appends that wait for their acknowledgement at the same time

/**
 * @typedef {{ date: string, delay: number, distance: number, origin: string, destination: string }} Flight
 * @typedef {{ appended: number, foundIn: number }} Recorded
 */

export class Recorder extends EventTarget {
  /** @type {{ term: number, at: number }[]} When this tab's first append of each term was acknowledged, ms since 1970. */
  #firsts = [];
  #store;
  #flights;
  #inFlight = 0;
  #wake = () => {};

  /**
   * @param {import("tablog").Store<typeof import("./schema.mjs").schema>} store
   * @param {readonly Flight[]} flights
   */
  constructor(store, flights) {
    super();
    this.#store = store;
    this.#flights = flights;
  }

  /**
   * Appends those flights of the share, among the file's flights `from` to `to`, that are not in.
   * Resolves when all are acknowledged; rejects with the first that fails.
   * @param {number} share
   * @param {{ from?: number, to?: number, perSecond?: number, signal?: AbortSignal }} [options]
   * @returns {Promise<Recorded>}
   */
  async record(share, { from = 0, to = this.#flights.length, perSecond = Infinity, signal } = {}) {
    // Linearizable: what a killed tab with this share had got into the log, whoever led then.
    const rows = await this.#store.query(
      recorded,
      { share, shares: kShares },
      { consistency: "linearizable" },
    );
    const isIn = new Set(rows.map((row) => row.id));
    const ids = [...this.#flights.keys()].filter(
      (id) => id >= from && id < to && id % kShares === share,
    );
    const missing = ids.filter((id) => !isIn.has(id));

    const failed = new AbortController();
    const start = performance.now();
    for (const [sent, id] of missing.entries()) {
      if (signal?.aborted || failed.signal.aborted) break;
      const due = start + (sent / perSecond) * 1000;
      if (due > performance.now()) await delay(due - performance.now());
      while (this.#inFlight >= kInFlight) await this.#settled();
      this.#append(id).catch((error) => failed.abort(error));
    }
    while (this.#inFlight > 0) await this.#settled();
    failed.signal.throwIfAborted();
    return { appended: missing.length, foundIn: ids.length - missing.length };
  }

  /**
   * The first acknowledgement that this tab gets in a term after `term`.
   * @param {number} term
   */
  async acknowledgedAfter(term) {
    for (;;) {
      const first = this.#firsts.find((each) => each.term > term);
      if (first) return first;
      await new Promise((resolve) => this.addEventListener("term", resolve, { once: true }));
    }
  }

  /** @param {number} id */
  async #append(id) {
    this.#inFlight += 1;
    try {
      const { term } = await this.#store.append("flight.recorded", {
        id,
        .../** @type {Flight} */ (this.#flights[id]),
      });
      if (term > (this.#firsts.at(-1)?.term ?? 0)) {
        this.#firsts.push({ term, at: performance.timeOrigin + performance.now() });
        this.dispatchEvent(new Event("term"));
      }
    } finally {
      this.#inFlight -= 1;
      this.#wake();
    }
  }

  /** One append in flight has been answered. */
  #settled() {
    return new Promise((resolve) => (this.#wake = () => resolve(undefined)));
  }
}

/** @param {number} ms */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
