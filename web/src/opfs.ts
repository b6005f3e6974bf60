// The OPFS edge of the leader worker: a store's slots as exclusive access handles.

import type { HandleName } from "./boundary_worker.js";
import { TablogError, wordsOf } from "./errors.js";
import { hexOf } from "./names.js";
import type { FileCalls } from "./wasm.js";

const kIoError = -1;
const kNoSpace = -2;
/** How long handles of a leader that has just died may lag behind its lock. */
const kOpenPatienceMs = 10_000;
const kRetryMaxMs = 100;

export type Directory = "log" | "pool";
export interface Slots {
  readonly log: readonly HandleName[];
  readonly pool: readonly HandleName[];
}

export class StoreFiles implements FileCalls {
  readonly #key: string;
  readonly #directories = new Map<Directory, Promise<FileSystemDirectoryHandle>>();
  readonly #handles = new Map<number, FileSystemSyncAccessHandle>();
  #nextHandle = 1;
  #opening = 0; // counts closeAll(): what opens across one is closed again
  #lastError = "";

  constructor(key: string) {
    this.#key = key;
  }

  /** Knows the directories before they are needed: a standby takes over the sooner. */
  prepare(): void {
    for (const directory of ["log", "pool"] as const)
      void this.#directory(directory).catch(() => undefined);
  }

  /** Opens every slot that exists and creates what is missing of the numbers asked for. */
  async open(log: number, pool: number): Promise<Slots> {
    try {
      const [logSlots, poolSlots] = await Promise.all([
        this.#openAll("log", log),
        this.#openAll("pool", pool),
      ]);
      return { log: logSlots, pool: poolSlots };
    } catch (thrown) {
      this.closeAll();
      throw storageError(thrown);
    }
  }

  async create(directory: Directory): Promise<HandleName> {
    const name = hexOf(crypto.getRandomValues(new Uint8Array(8)));
    try {
      const file = await (await this.#directory(directory)).getFileHandle(name, { create: true });
      return await this.#openSlot(file);
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  closeAll(): void {
    this.#opening += 1;
    for (const handle of this.#handles.values()) handle.close();
    this.#handles.clear();
  }

  read(handle: number, offset: number, into: Uint8Array): number {
    return this.#call(handle, (file) => file.read(into, { at: offset }));
  }

  // A store that is off the record answers a write over quota with a huge or short count instead of
  // an exception (FACTS: write() = -8 unsigned).
  write(handle: number, offset: number, from: Uint8Array): number {
    const written = this.#call(handle, (file) => file.write(from, { at: offset }));
    if (written <= from.byteLength) return written;
    this.#lastError = `write() of ${from.byteLength} bytes answered ${written}`;
    return kIoError;
  }

  flush(handle: number): number {
    return this.#call(handle, (file) => (file.flush(), 0));
  }

  size(handle: number): number {
    return this.#call(handle, (file) => file.getSize());
  }

  truncate(handle: number, bytes: number): number {
    return this.#call(handle, (file) => (file.truncate(bytes), 0));
  }

  lastError(): string {
    return this.#lastError;
  }

  #call(handle: number, use: (file: FileSystemSyncAccessHandle) => number): number {
    const file = this.#handles.get(handle);
    if (file === undefined) {
      this.#lastError = `file ${handle} is not open`;
      return kIoError;
    }
    try {
      return use(file);
    } catch (thrown) {
      this.#lastError = wordsOf(thrown);
      return thrown instanceof DOMException && thrown.name === "QuotaExceededError"
        ? kNoSpace
        : kIoError;
    }
  }

  // The official sahpool opens the database with `directory: "tablog/<key>/g0/db"`; its slots are in
  // `.opaque` there.
  #directory(which: Directory): Promise<FileSystemDirectoryHandle> {
    const known = this.#directories.get(which);
    if (known !== undefined) return known;
    const path = ["tablog", this.#key, "g0", ...(which === "log" ? ["log"] : ["db", ".opaque"])];
    const found = openDirectory(path);
    this.#directories.set(which, found);
    found.catch(() => this.#directories.delete(which));
    return found;
  }

  async #openAll(which: Directory, atLeast: number): Promise<HandleName[]> {
    const directory = await this.#directory(which);
    const existing: FileSystemFileHandle[] = [];
    for await (const handle of directory.values()) {
      if (handle.kind === "file") existing.push(handle as FileSystemFileHandle);
    }
    const missing = Array.from({ length: Math.max(0, atLeast - existing.length) }, () =>
      this.create(which),
    );
    return Promise.all([...existing.map((file) => this.#openSlot(file)), ...missing]);
  }

  async #openSlot(file: FileSystemFileHandle): Promise<HandleName> {
    const opening = this.#opening;
    const access = await openPatiently(file);
    if (opening !== this.#opening) {
      access.close();
      throw new DOMException("the files were closed meanwhile", "AbortError");
    }
    const handle = this.#nextHandle++;
    this.#handles.set(handle, access);
    return { name: file.name, handle };
  }
}

async function openDirectory(path: readonly string[]): Promise<FileSystemDirectoryHandle> {
  const storage = (navigator as { readonly storage?: Partial<StorageManager> }).storage;
  if (storage?.getDirectory === undefined) {
    throw new TablogError(
      "StorageUnavailable",
      "this browser has no OPFS (navigator.storage.getDirectory)",
    );
  }
  let directory = await storage.getDirectory();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
}

// Handles of a tab that was killed are released some milliseconds after its lock is.
async function openPatiently(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  if (typeof (file as Partial<FileSystemFileHandle>).createSyncAccessHandle !== "function") {
    throw new TablogError("StorageUnavailable", "this browser has no createSyncAccessHandle");
  }
  const giveUp = performance.now() + kOpenPatienceMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(2 * pauseMs, kRetryMaxMs)) {
    try {
      return await file.createSyncAccessHandle();
    } catch (thrown) {
      const held = thrown instanceof DOMException && thrown.name === "NoModificationAllowedError";
      if (!held || performance.now() > giveUp) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function storageError(thrown: unknown): TablogError {
  if (thrown instanceof TablogError) return thrown;
  const name = thrown instanceof DOMException ? thrown.name : "";
  switch (name) {
    case "QuotaExceededError":
      return new TablogError("QuotaExceeded", "no space is left for the store's files; free some", {
        cause: thrown,
      });
    case "NoModificationAllowedError":
      return unavailable(
        "another process holds the store's files, perhaps a suspended tab; close it",
        thrown,
      );
    case "SecurityError":
      return unavailable("storage is refused here (private mode, or blocked site data)", thrown);
    default:
      return unavailable("the store's files cannot be opened", thrown);
  }
}

function unavailable(words: string, thrown: unknown): TablogError {
  return new TablogError("StorageUnavailable", `${words}: ${wordsOf(thrown)}`, { cause: thrown });
}
