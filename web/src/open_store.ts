import { settle, type StoreOptions } from "./options.js";
import type { Schema } from "./schema.js";
import { Store } from "./store.js";

let askedToPersist = false;

/**
 * Opens the store, or waits for its leader; resolves when this tab can answer a session query. Two
 * stores of one name on a page share one client.
 * @throws TablogError `InvalidArgument`, `StorageUnavailable`, `LoadFailed`, `SchemaTooOld`,
 * `SchemaConflict`, `EngineTooOld`, `NewerFormat`, `Corrupt`, `QuotaExceeded`, `LeaderUnresponsive`
 */
export async function openStore<S extends Schema>(options: StoreOptions<S>): Promise<Store<S>> {
  const settings = settle(options);
  if (settings.persist && !askedToPersist) {
    askedToPersist = true;
    // The answer stands in stats(); a refusal is no error.
    void (navigator.storage as Partial<StorageManager> | undefined)?.persist?.().catch(() => false);
  }
  return new Store(settings).ready();
}
