// Leadership is taken from its tab and given to the next that waits for it.

import { encodeName, lockNames } from "../../web/src/names.js";

/**
 * Steals the leader's lock and lets go of it at once. Who led sees that, closes, and queues behind the others; what
 * is unanswered goes to the next leader with the same numbers, and takes effect once.
 */
export async function stepDown(store: string): Promise<void> {
  const key = await encodeName(store, crypto.subtle);
  await navigator.locks.request(lockNames.leader(key), { steal: true }, () => undefined);
}
