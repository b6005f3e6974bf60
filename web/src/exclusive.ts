// Exclusive: a tab's turns of exclusive use of the log, one after the other, each of them limited in time.

import { inputs } from "./boundary_page.js";
import type { StoreCalls } from "./store_calls.js";

/** As long as the leader grants (leader::Options::exclusive). */
const kTurnMs = 1000;

export class Exclusive {
  #last: Promise<void> = Promise.resolve();

  /**
   * Resolves when this tab has exclusive use, with what gives it back.
   * @throws TablogError `LeaderUnresponsive`, `Closed`
   */
  async enter(calls: StoreCalls): Promise<() => void> {
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise((resolve) => (leave = resolve));
    try {
      await before;
      await calls.call({ write: (w, call) => inputs.exclusive(w, call, false) }, () => undefined);
    } catch (thrown) {
      leave();
      throw thrown;
    }
    const timer = setTimeout(leave, kTurnMs);
    return () => {
      clearTimeout(timer);
      calls.tell((w) => inputs.exclusive(w, 0, true));
      leave();
    };
  }

  /** When no turn is going on or waited for: another transaction of this tab would end it. */
  left(): Promise<void> {
    return this.#last;
  }
}
