// Watcher: what this tab notices of the others while it goes on: who leads, how long a failover took,
// how fast the log grows.

import { count } from "./dom.mjs";
import { nameOf } from "./views.mjs";

const kHistory = 40;
const kRateMs = 2000;
const kFlowingMs = 3000; // a log that has not grown for so long was not interrupted by a failover

export class Watcher extends EventTarget {
  /** @type {{ at: number, text: string }[]} Oldest first. */
  history = [];
  /** @type {number | undefined} Of the last change of leaders, from the last entry before it to the first after. */
  failoverMs;
  #store;
  #crew;
  #term;
  #head;
  #grownAt = -Infinity;
  /** @type {number | undefined} When the leader was told to end. */
  #endedAt;
  /** @type {{ at: number, head: number }[]} */
  #samples = [];

  /**
   * @param {import("tablog").Store} store
   * @param {import("./crew.mjs").Crew} crew
   */
  constructor(store, crew) {
    super();
    this.#store = store;
    this.#crew = crew;
    this.#term = store.status.term;
    this.#head = store.status.head;
    this.note(`Opened at entry ${count(this.#head)}, term ${this.#term}`);
    store.addEventListener("leaderchange", ({ detail }) =>
      this.#leader(detail.leaderId, detail.term),
    );
    store.addEventListener("statuschange", ({ detail }) => this.#status(detail));
    store.addEventListener("rollback", ({ detail }) =>
      this.note(`Rolled back to ${detail.index}: ${detail.detail}`),
    );
    store.addEventListener("divergence", ({ detail }) =>
      this.note(`Repaired at ${detail.index}: ${detail.detail}`),
    );
    store.addEventListener("error", ({ error }) => this.note(`${error.code}: ${error.message}`));
    crew.addEventListener("end", () => {
      this.#endedAt = performance.now();
      this.note(
        `${nameOf(this.#crew.shares.get(this.#store.status.leaderId ?? ""))}, the leader, is told to end`,
      );
    });
  }

  /** @param {string} text */
  note(text) {
    this.history = [...this.history, { at: Date.now(), text }].slice(-kHistory);
    this.dispatchEvent(new Event("change"));
  }

  /** Entries per second over the last two seconds. */
  get rate() {
    const now = performance.now();
    this.#samples = [
      ...this.#samples.filter(({ at }) => now - at < kRateMs),
      { at: now, head: this.#store.status.head },
    ];
    const { at, head } = this.#samples[0];
    return now > at ? ((this.#store.status.head - head) / (now - at)) * 1000 : 0;
  }

  /**
   * @param {string | null} leaderId
   * @param {number} term
   */
  #leader(leaderId, term) {
    if (leaderId === null) return this.note("No leader is known");
    const me = leaderId === this.#store.status.clientId;
    this.note(`Term ${term}: ${me ? "this tab" : nameOf(this.#crew.shares.get(leaderId))} leads`);
  }

  /** @param {import("tablog").StoreStatus} status */
  #status({ term, head }) {
    if (head <= this.#head) return;
    const now = performance.now();
    const flowing = now - this.#grownAt < kFlowingMs;
    const since = this.#endedAt ?? (flowing ? this.#grownAt : undefined);
    if (term > this.#term && since !== undefined) {
      this.failoverMs = now - since;
      this.note(`The log goes on after ${count(Math.round(this.failoverMs))} ms`);
      this.#endedAt = undefined;
    }
    this.#grownAt = now;
    this.#term = term;
    this.#head = head;
  }
}
