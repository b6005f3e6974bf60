// The OPFS edge of the leader worker: a store's slots as exclusive access handles.

import type { HandleName } from "./boundary_worker.js";
import { TablogError, wordsOf } from "./errors.js";
import { FileTable, type Directory, type SlotFiles, type Slots } from "./files.js";
import { hexOf } from "./names.js";

/** How long handles of a leader that has just died may lag behind its lock. */
const kOpenPatienceMs = 10_000;
const kRetryMaxMs = 100;
/** A file that is held for so long may have been deleted with the site's data: then it stays held. */
const kDoubtMs = 300;

export class OpfsFiles implements SlotFiles {
  readonly table = new FileTable();
  readonly #key: string;
  readonly #directories = new Map<Directory, Promise<FileSystemDirectoryHandle>>();
  readonly #known = new Map<Directory, readonly FileSystemFileHandle[]>(); // as last listed
  #witness: string | undefined; // a log slot that is open; all are deleted together
  #opening = 0; // counts closeAll(): what opens across one is closed again

  constructor(key: string) {
    this.#key = key;
  }

  /** Knows the files before the lock comes: then they need not be listed first. */
  prepare(): void {
    for (const which of ["log", "pool"] as const) void this.#list(which).catch(() => undefined); // told by open()
  }

  async open(log: number, pool: number): Promise<Slots> {
    try {
      const [logSlots, poolSlots] = await Promise.all([
        this.#openAll("log", log),
        this.#openAll("pool", pool),
      ]);
      this.#witness = logSlots[0]?.name;
      return { log: logSlots, pool: poolSlots };
    } catch (thrown) {
      this.closeAll();
      this.#forget(); // they may be gone
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

  // Asked of the directory: a held file need not be readable to be found.
  async areNamed(): Promise<boolean> {
    if (this.#witness === undefined) return true;
    try {
      await (await this.#directory("log")).getFileHandle(this.#witness);
      return true;
    } catch (thrown) {
      return !isNotFound(thrown);
    }
  }

  closeAll(): void {
    this.#witness = undefined;
    this.#opening += 1;
    this.table.closeAll();
  }

  abandonAll(): void {
    this.table.abandonAll();
    this.closeAll();
    this.#forget();
  }

  // The official sahpool opens the database with `directory: "tablog/<key>/g0/db"`; its slots are in
  // `.opaque` there.
  #directory(which: Directory): Promise<FileSystemDirectoryHandle> {
    const known = this.#directories.get(which);
    if (known !== undefined) return known;
    const path = ["tablog", this.#key, "g0", ...(which === "log" ? ["log"] : ["db", ".opaque"])];
    const found = openDirectory(path);
    this.#directories.set(which, found);
    found.catch(() => this.#forget());
    return found;
  }

  #forget(): void {
    this.#directories.clear();
    this.#known.clear();
  }

  async #list(which: Directory): Promise<readonly FileSystemFileHandle[]> {
    const directory = await this.#directory(which);
    const files: FileSystemFileHandle[] = [];
    for await (const handle of directory.values()) {
      if (handle.kind === "file") files.push(handle as FileSystemFileHandle);
    }
    this.#known.set(which, files);
    return files;
  }

  async #openAll(which: Directory, atLeast: number): Promise<HandleName[]> {
    const known = this.#known.get(which) ?? [];
    // A dead tab's handles are released together: one is tried until it opens, then the others.
    const first = await Promise.all(known.slice(0, 1).map((file) => this.#openKnown(file)));
    const [opened, others] = await Promise.all([
      Promise.all(known.slice(1).map((file) => this.#openKnown(file))),
      this.#openOthers(which, new Set(known.map(({ name }) => name)), atLeast),
    ]);
    return [...first, ...opened, ...others].filter((slot) => slot !== undefined);
  }

  // Slots that are not known yet, and new ones for what is missing.
  async #openOthers(
    which: Directory,
    known: ReadonlySet<string>,
    atLeast: number,
  ): Promise<HandleName[]> {
    const files = await this.#list(which);
    const others = files.filter(({ name }) => !known.has(name));
    const missing = Array.from({ length: Math.max(0, atLeast - files.length) }, () =>
      this.create(which),
    );
    return Promise.all([...others.map((file) => this.#openSlot(file)), ...missing]);
  }

  // It may have been removed since it was listed.
  async #openKnown(file: FileSystemFileHandle): Promise<HandleName | undefined> {
    try {
      return await this.#openSlot(file);
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined;
      throw thrown;
    }
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

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "NotFoundError";
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
  const began = performance.now();
  for (let pauseMs = 1; ; pauseMs = Math.min(1.5 * pauseMs, kRetryMaxMs)) {
    try {
      return await file.createSyncAccessHandle();
    } catch (thrown) {
      const held = thrown instanceof DOMException && thrown.name === "NoModificationAllowedError";
      const ms = performance.now() - began;
      if (!held || ms > kOpenPatienceMs) throw thrown;
      if (ms > kDoubtMs) await requireName(file);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** @throws DOMException `NotFoundError` */
async function requireName(file: FileSystemFileHandle): Promise<void> {
  await file.getFile().catch((thrown: unknown) => {
    if (isNotFound(thrown)) throw thrown; // else it is there, and perhaps not readable while it is held
  });
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
