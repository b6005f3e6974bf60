// The OPFS edge of the leader worker: a store's slots as exclusive access handles. They are those of the
// store's newest generation (generations.ts).

import type { HandleName, Opened } from "./boundary_worker.js";
import { TablogError, isDomException, wordsOf } from "./errors.js";
import { FileTable, type Directory, type SlotFiles } from "./files.js";
import { Generations } from "./generations.js";
import { hexOf } from "./names.js";

/** How long handles of a leader that has just died may lag behind its lock. */
const kOpenPatienceMs = 3000;
/** The same, where it is known not to have died. */
const kForkPatienceMs = 100;
const kRetryMaxMs = 100;
/** A file that is held for so long may have been deleted with the site's data: then it stays held. */
const kDoubtMs = 300;

export class OpfsFiles implements SlotFiles {
  readonly table = new FileTable();
  readonly #generations: Generations;
  #generation = 0;
  readonly #directories = new Map<Directory, Promise<FileSystemDirectoryHandle>>();
  readonly #known = new Map<Directory, readonly FileSystemFileHandle[]>(); // as last listed
  #witness: string | undefined; // a log slot that is open; all are deleted together
  #opening = 0; // counts closeAll(): what opens across one is closed again

  constructor(key: string) {
    this.#generations = new Generations(key);
  }

  /** Knows the files before the lock comes: then they need not be listed first. */
  prepare(): void {
    const list = async (): Promise<void> => {
      this.#use(await this.#generations.newest());
      await Promise.all([this.#list("log"), this.#list("pool")]);
    };
    void list().catch(() => undefined); // told by open()
  }

  async open(log: number, pool: number, fork: boolean): Promise<Opened> {
    try {
      return await (fork ? this.#openOrFork(log, pool) : this.#open(log, pool, kOpenPatienceMs));
    } catch (thrown) {
      this.closeAll();
      this.#forgetAll(); // they may be gone
      throw storageError(thrown);
    }
  }

  async create(directory: Directory): Promise<HandleName> {
    const name = hexOf(crypto.getRandomValues(new Uint8Array(8)));
    try {
      const file = await (await this.#directory(directory)).getFileHandle(name, { create: true });
      return await this.#openSlot(file, kOpenPatienceMs);
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
    this.#forgetAll();
  }

  dropOlder(): Promise<void> {
    return this.#generations.dropBefore(this.#generation);
  }

  async #openOrFork(log: number, pool: number): Promise<Opened> {
    try {
      return await this.#open(log, pool, kForkPatienceMs);
    } catch (thrown) {
      if (!isHeld(thrown)) throw thrown;
      this.closeAll();
      await this.#generations.fork(this.#generation);
      return this.#open(log, pool, kForkPatienceMs);
    }
  }

  // The generation is looked up while the slots of the one that is known are being opened: nearly always it
  // is that one.
  async #open(log: number, pool: number, patienceMs: number): Promise<Opened> {
    const generation = this.#generation;
    const opened = this.#openSlots(log, pool, patienceMs);
    opened.catch(() => undefined);
    const newest = await this.#generations.newest();
    if (newest === generation) return opened;
    this.closeAll();
    this.#use(newest);
    return this.#openSlots(log, pool, patienceMs);
  }

  async #openSlots(log: number, pool: number, patienceMs: number): Promise<Opened> {
    const generation = this.#generation;
    const [logSlots, poolSlots] = await Promise.all([
      this.#openAll("log", log, patienceMs),
      this.#openAll("pool", pool, patienceMs),
    ]);
    this.#witness = logSlots[0]?.name;
    return { generation, log: logSlots, pool: poolSlots };
  }

  #use(generation: number): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#forget();
  }

  #directory(which: Directory): Promise<FileSystemDirectoryHandle> {
    const known = this.#directories.get(which);
    if (known !== undefined) return known;
    const found = this.#generations.directory(this.#generation, which);
    this.#directories.set(which, found);
    found.catch(() => this.#forget());
    return found;
  }

  #forget(): void {
    this.#directories.clear();
    this.#known.clear();
  }

  #forgetAll(): void {
    this.#forget();
    this.#generations.forget();
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

  async #openAll(which: Directory, atLeast: number, patienceMs: number): Promise<HandleName[]> {
    const known = this.#known.get(which) ?? [];
    const open = (file: FileSystemFileHandle): Promise<HandleName | undefined> =>
      this.#openKnown(file, patienceMs);
    // A dead tab's handles are released together: one is tried until it opens, then the others.
    const first = await Promise.all(known.slice(0, 1).map(open));
    const [opened, others] = await Promise.all([
      Promise.all(known.slice(1).map(open)),
      this.#openOthers(which, new Set(known.map(({ name }) => name)), atLeast, patienceMs),
    ]);
    return [...first, ...opened, ...others].filter((slot) => slot !== undefined);
  }

  // Slots that are not known yet, and new ones for what is missing.
  async #openOthers(
    which: Directory,
    known: ReadonlySet<string>,
    atLeast: number,
    patienceMs: number,
  ): Promise<HandleName[]> {
    const files = await this.#list(which);
    const others = files.filter(({ name }) => !known.has(name));
    const missing = Array.from({ length: Math.max(0, atLeast - files.length) }, () =>
      this.create(which),
    );
    return Promise.all([...others.map((file) => this.#openSlot(file, patienceMs)), ...missing]);
  }

  // It may have been removed since it was listed.
  async #openKnown(
    file: FileSystemFileHandle,
    patienceMs: number,
  ): Promise<HandleName | undefined> {
    try {
      return await this.#openSlot(file, patienceMs);
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined;
      throw thrown;
    }
  }

  async #openSlot(file: FileSystemFileHandle, patienceMs: number): Promise<HandleName> {
    const opening = this.#opening;
    const wanted = (): boolean => opening === this.#opening;
    const access = await openPatiently(file, patienceMs, wanted);
    if (!wanted()) {
      access.close();
      throw new DOMException("the files were closed meanwhile", "AbortError");
    }
    return { name: file.name, handle: this.table.add(access) };
  }
}

function isNotFound(thrown: unknown): boolean {
  return isDomException(thrown, "NotFoundError");
}

function isHeld(thrown: unknown): boolean {
  return isDomException(thrown, "NoModificationAllowedError");
}

// Handles of a tab that was killed are released some milliseconds after its lock is.
async function openPatiently(
  file: FileSystemFileHandle,
  patienceMs: number,
  wanted: () => boolean,
): Promise<FileSystemSyncAccessHandle> {
  if (typeof (file as Partial<FileSystemFileHandle>).createSyncAccessHandle !== "function") {
    throw new TablogError("StorageUnavailable", "this browser has no createSyncAccessHandle");
  }
  const began = performance.now();
  for (let pauseMs = 1; ; pauseMs = Math.min(1.5 * pauseMs, kRetryMaxMs)) {
    try {
      return await file.createSyncAccessHandle();
    } catch (thrown) {
      const ms = performance.now() - began;
      if (!isHeld(thrown) || !wanted() || ms > patienceMs) throw thrown;
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
