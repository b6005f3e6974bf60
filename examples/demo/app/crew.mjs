// Crew: how the demo's tabs divide the work and talk to one another. This is the app's own business;
// tablog knows nothing of it.

/** The flights are dealt to so many tabs; further tabs watch, and step in when a share becomes free. */
export const kShares = 3;

const kChannel = "flight-recorder";

/**
 * @typedef {{ kind: "hello", id: string, share: number | undefined, answer: boolean }
 *   | { kind: "record", perSecond: number }
 *   | { kind: "pause" }
 *   | { kind: "end", id: string, how: "reload" | "close" }} Message
 */

export class Crew extends EventTarget {
  /** @type {number | undefined} The share that this tab records. */
  share;
  /** Resolves with the first share that is free or becomes free; it is held as long as the page is there. */
  taken;
  /** @type {Map<string, number | undefined>} The shares of the tabs that are known. */
  shares = new Map();
  #id;
  #channel = new BroadcastChannel(kChannel);
  #release = () => {};

  /** @param {string} id This tab's client id. */
  constructor(id) {
    super();
    this.#id = id;
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.taken = this.#takeShare();
    });
    this.#introduce(true);
    this.taken = this.#takeShare();
  }

  /** @param {Message} message To every tab, this one included. */
  tell(message) {
    this.#channel.postMessage(message);
    this.#heard(message);
  }

  async #takeShare() {
    const others = new AbortController();
    this.share = await new Promise((resolve) => {
      for (let share = 0; share < kShares; share++) {
        const hold = () => {
          if (others.signal.aborted) return undefined;
          others.abort();
          resolve(share);
          return new Promise((release) => (this.#release = () => release(undefined)));
        };
        const { signal } = others;
        navigator.locks.request(`${kChannel}:share:${share}`, { signal }, hold).catch(() => {
          // Withdrawn: another share came first.
        });
      }
    });
    this.#introduce(false);
    return /** @type {number} */ (this.share);
  }

  /** @param {boolean} answer Whether the others should introduce themselves too. */
  #introduce(answer) {
    this.tell({ kind: "hello", id: this.#id, share: this.share, answer });
  }

  /** @param {Message} message */
  #heard(message) {
    if (message.kind === "hello") {
      this.shares.set(message.id, message.share);
      if (message.answer && message.id !== this.#id) this.#introduce(false);
    }
    this.dispatchEvent(new CustomEvent(message.kind, { detail: message }));
  }
}
