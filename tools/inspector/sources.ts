// What the inspector looks into: a store of this origin, or an exported log that was dropped on it.

import { anySchema, deleteStore, listStores, openStore, TablogError, type Progress } from "tablog";

/** Stores that hold a dropped file for as long as it is looked at. */
const kFilePrefix = "tablog-inspector:";

export interface Urls {
  readonly workerUrl?: string;
  readonly wasmUrl?: string;
}

export interface Opening {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

// No copy of the database in this tab: the leader answers.
function openAny(name: string, urls: Urls, onProgress?: Opening["onProgress"]) {
  const progress = onProgress === undefined ? {} : { onProgress };
  return openStore({ name, schema: anySchema, replica: "none", ...urls, ...progress });
}

export type AnyStore = Awaited<ReturnType<typeof openAny>>;

/** A store that is open, and how it is let go of. */
export interface Source {
  readonly kind: "store" | "file";
  readonly title: string;
  readonly store: AnyStore;
  readonly close: () => Promise<void>;
}

/** The names of the origin's stores, without those of dropped files. */
export async function storeNames(): Promise<string[]> {
  return (await listStores()).filter((name) => !name.startsWith(kFilePrefix));
}

/** @throws TablogError also where there is no such store: looking must not make one */
export async function openSource(
  name: string,
  urls: Urls,
  { onProgress }: Opening,
): Promise<Source> {
  if (!(await listStores()).includes(name)) {
    const words = `there is no store ${JSON.stringify(name)} on this origin: open it in its app first`;
    throw new TablogError("InvalidArgument", words);
  }
  const store = await openAny(name, urls, onProgress);
  return { kind: "store", title: name, store, close: () => store.close() };
}

/** An exported log becomes a store that nobody else opens, and is gone with the view of it. */
export async function openFile(file: File, urls: Urls, opening: Opening): Promise<Source> {
  const name = kFilePrefix + crypto.randomUUID();
  const store = await openAny(name, urls);
  const close = async (): Promise<void> => {
    await store.close();
    await deleteStore(name);
  };
  try {
    await store.importLog(file, opening);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { kind: "file", title: file.name, store, close };
}

/** What inspectors that were killed have left behind. Those that are open refuse. */
export async function sweepFiles(): Promise<void> {
  const left = (await listStores()).filter((name) => name.startsWith(kFilePrefix));
  await Promise.all(left.map((name) => deleteStore(name).catch(() => undefined)));
}
