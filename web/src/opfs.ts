// The OPFS edge of the leader worker: a store's slots as exclusive access handles.

import type { HandleName } from "./boundary_worker.js";
import { TablogError, wordsOf } from "./errors.js";
import { FileTable, type Directory, type SlotFiles, type Slots } from "./files.js";
import { hexOf } from "./names.js";

/** How long handles of a leader that has just died may lag behind its lock. */
const kOpenPatienceMs = 10_000;
const kRetryMaxMs = 100;

export class OpfsFiles implements SlotFiles {
  readonly table = new FileTable();
  readonly #key: string;
  readonly #directories = new Map<Directory, Promise<FileSystemDirectoryHandle>>();
  #opening = 0; // counts closeAll(): what opens across one is closed again

  constructor(key: string) {
    this.#key = key;
  }

  prepare(): void {
    for (const directory of ["log", "pool"] as const)
      void this.#directory(directory).catch(() => undefined);
  }

  async open(log: number, pool: number): Promise<Slots> {
    try {
      const [logSlots, poolSlots] = await Promise.all([
        this.#openAll("log", log),
        this.#openAll("pool", pool),
      ]);
      return { log: logSlots, pool: poolSlots };
    } catch (thrown) {
      this.closeAll();
      this.#directories.clear(); // they may be gone
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
    this.table.closeAll();
  }

  // The official sahpool opens the database with `directory: "tablog/<key>/g0/db"`; its slots are in
  // `.opaque` there.
  #directory(which: Directory): Promise<FileSystemDirectoryHandle> {
    const known = this.#directories.get(which);
    if (known !== undefined) return known;
    const path = ["tablog", this.#key, "g0", ...(which === "log" ? ["log"] : ["db", ".opaque"])];
    const found = openDirectory(path);
    this.#directories.set(which, found);
    found.catch(() => this.#directories.clear());
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
    return { name: file.name, handle: this.table.add(access) };
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
