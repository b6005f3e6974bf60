// What tablog needs of the browser, checked before anything is started.

import { TablogError, wordsOf } from "./errors.js";

/** @throws TablogError `StorageUnavailable`, in words that say what is missing. */
export async function requirePlatform(storage: "opfs" | "memory"): Promise<void> {
  const { navigator, crypto, isSecureContext } = globalThis;
  if (isSecureContext === false || (crypto as Partial<Crypto>).subtle === undefined) {
    throw unavailable("tablog needs a secure context: serve the page from https or localhost");
  }
  const missing = (["Worker", "BroadcastChannel", "MessageChannel", "WebAssembly"] as const).find(
    (name) => !(name in globalThis),
  );
  if (missing !== undefined) throw unavailable(`this browser has no ${missing}`);
  if ((navigator as Partial<Navigator>).locks === undefined)
    throw unavailable("this browser has no Web Locks");
  if (storage === "memory") return;
  const manager = (navigator as Partial<Navigator>).storage as Partial<StorageManager> | undefined;
  if (typeof manager?.getDirectory !== "function") {
    throw unavailable("this browser has no OPFS (navigator.storage.getDirectory)");
  }
  try {
    await manager.getDirectory();
  } catch (thrown) {
    const words = `OPFS is refused here (private mode, or blocked site data): ${wordsOf(thrown)}`;
    throw unavailable(words, thrown);
  }
}

function unavailable(words: string, cause?: unknown): TablogError {
  const advice = `${words}. For a store that is not kept, ask for storage: "memory"`;
  return new TablogError("StorageUnavailable", advice, { cause });
}
