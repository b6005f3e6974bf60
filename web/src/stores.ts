// The stores of an origin as a whole: which there are, and the end of one.

import { TablogError, isDomException, wordsOf } from "./errors.js";
import { decodeName, encodeName, kNameFile, lockNames, requireName, tabsOf } from "./names.js";
import { requirePlatform } from "./platform.js";

/** Handles of a tab that has just closed lag behind its locks. */
const kDeletePatienceMs = 3000;
const kRetryMs = 20;

/**
 * The names of this origin's stores, in order; also of those that no tab has open.
 * @throws TablogError `StorageUnavailable`
 */
export async function listStores(): Promise<string[]> {
  const all = await directoryOfAll();
  const names: string[] = [];
  if (all === undefined) return names;
  for await (const entry of all.values()) {
    if (entry.kind !== "directory") continue;
    const name = decodeName(entry.name) ?? (await nameIn(entry as FileSystemDirectoryHandle));
    if (name !== undefined) names.push(name);
  }
  return names.sort();
}

/**
 * Deletes a store with its log, for good. What does not exist is deleted already.
 * @throws TablogError `InvalidArgument`; `StorageUnavailable` while a tab has it open
 */
export async function deleteStore(name: string): Promise<void> {
  const key = await encodeName(requireName(name), crypto.subtle);
  const all = await directoryOfAll();
  const { held = [] } = await navigator.locks.query();
  const tabs = tabsOf(
    held.map((lock) => lock.name),
    key,
  );
  if (tabs.length > 0) throw inUse(name);
  // Whoever opens it meanwhile waits for this lock, and begins a new store. That of a worker that was ended lags behind.
  const { leader } = lockNames;
  const signal = AbortSignal.timeout(kDeletePatienceMs);
  try {
    await navigator.locks.request(leader(key), { signal }, async () => {
      if (all !== undefined) await remove(all, key, name);
    });
  } catch (thrown) {
    throw thrown instanceof TablogError ? thrown : inUse(name);
  }
}

async function directoryOfAll(): Promise<FileSystemDirectoryHandle | undefined> {
  await requirePlatform("opfs");
  const root = await navigator.storage.getDirectory();
  try {
    return await root.getDirectoryHandle("tablog");
  } catch (thrown) {
    if (isDomException(thrown, "NotFoundError")) return undefined;
    throw unavailable(wordsOf(thrown), thrown);
  }
}

async function nameIn(store: FileSystemDirectoryHandle): Promise<string | undefined> {
  try {
    return await (await (await store.getFileHandle(kNameFile)).getFile()).text();
  } catch {
    return undefined; // being made, or deleted, just now
  }
}

async function remove(all: FileSystemDirectoryHandle, key: string, name: string): Promise<void> {
  const giveUpAt = performance.now() + kDeletePatienceMs;
  for (;;) {
    try {
      return await all.removeEntry(key, { recursive: true });
    } catch (thrown) {
      if (isDomException(thrown, "NotFoundError")) return;
      if (performance.now() > giveUpAt)
        throw unavailable(`${JSON.stringify(name)} cannot be deleted: ${wordsOf(thrown)}`, thrown);
    }
    await new Promise((resolve) => setTimeout(resolve, kRetryMs));
  }
}

function inUse(name: string): TablogError {
  return unavailable(`${JSON.stringify(name)} is open in a tab: close it there first`, undefined);
}

function unavailable(words: string, cause: unknown): TablogError {
  return new TablogError("StorageUnavailable", words, { cause });
}
