// The OPFS edge of the leader worker: a store's slots as exclusive access handles. They are those of the
// store's newest generation (generations.ts).

import type { HandleName, Opened } from "./boundary_worker.js";
import { TablogError, wordsOf } from "./errors.js";
import { FileTable, type Directory, type SlotFiles } from "./files.js";
import { Generations } from "./generations.js";
import { hexOf, lockNames } from "./names.js";
import { dropSnapshots, keepSnapshot } from "./snapshot_keeper.js";
import { Snapshots } from "./snapshots.js";
import { PatientOpening, isHeld, isNotFound } from "./patient_opening.js";

/** How long handles of a leader that has just died may lag behind its lock. */
const kOpenPatienceMs = 3000;
/** The same, where it is known not to have died. */
const kForkPatienceMs = 100;
/** More than the files have now: they grow until the next look. */
const kSpareFactor = 1.25;
const kSpareUnitBytes = 2 ** 20;
/** Chromium counts 1 MiB for each open file that has been written to; a leader writes to four at once. */
const kSpareForHandlesBytes = 4 * 2 ** 20;
/** The most that is held back; a larger store is forked only where the quota has room for it. */
const kSpareMaxBytes = 2 ** 28;

// What nobody holds is held while `act` goes on; else nothing happens.
async function ifFree(name: string, act: () => Promise<void>): Promise<void> {
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await act();
  });
}

export class OpfsFiles implements SlotFiles {
  readonly table = new FileTable();
  readonly #key: string;
  readonly #generations: Generations;
  readonly #snapshots: Snapshots;
  #generation = 0;
  #found: Promise<void> = Promise.resolve(); // until the generation is known that was newest at first
  readonly #directories = new Map<Directory, Promise<FileSystemDirectoryHandle>>();
  readonly #known = new Map<Directory, readonly FileSystemFileHandle[]>(); // as last listed
  #witness: string | undefined; // a log slot that is open; all are deleted together
  #spareBytes = 0; // what keepSpare() has seen to, with what is open
  #opening = 0; // counts closeAll(): what opens across one is closed again

  constructor(key: string, name: string) {
    this.#key = key;
    this.#generations = new Generations(key, name);
    this.#snapshots = new Snapshots(key);
  }

  /** Knows the files before the lock comes: then they need not be listed first. */
  prepare(): void {
    this.#found = this.#generations.newest().then(
      (newest) => this.#use(newest),
      () => undefined, // told by open()
    );
    const list = async (): Promise<void> => {
      await this.#found;
      await Promise.all([this.#list("log"), this.#list("pool")]);
    };
    void list().catch(() => undefined); // told by open()
  }

  async open(log: number, pool: number, fork: boolean, adopt: number): Promise<Opened> {
    try {
      await this.#found;
      // Where it is not to be had, the store goes on as it was.
      if (adopt > 0) await this.#generations.markReady(adopt).catch(() => undefined);
      return await (fork ? this.#openOrFork(log, pool) : this.#open(log, pool, kOpenPatienceMs));
    } catch (thrown) {
      this.closeAll();
      this.#forgetAll(); // they may be gone
      throw storageError(thrown);
    }
  }

  async create(directory: Directory): Promise<HandleName> {
    return this.#createIn(this.#directory(directory), this.#patience(kOpenPatienceMs));
  }

  async #createIn(
    directory: Promise<FileSystemDirectoryHandle>,
    patience: PatientOpening,
  ): Promise<HandleName> {
    const name = hexOf(crypto.getRandomValues(new Uint8Array(8)));
    try {
      const file = await (await directory).getFileHandle(name, { create: true });
      return await this.#openSlot(file, patience);
    } catch (thrown) {
      throw storageError(thrown);
    }
  }

  /** For an import: a generation of its own, which nobody takes for the store's yet. */
  async claim(least: number): Promise<number> {
    const generation = await navigator.locks.request(lockNames.fork(this.#key), () =>
      this.#generations.claim(least),
    );
    this.#use(generation);
    return generation;
  }

  async createAll(log: number, pool: number): Promise<Record<Directory, HandleName[]>> {
    const create = (which: Directory, count: number): Promise<HandleName[]> =>
      Promise.all(Array.from({ length: count }, () => this.create(which)));
    const [logSlots, poolSlots] = await Promise.all([create("log", log), create("pool", pool)]);
    return { log: logSlots, pool: poolSlots };
  }

  /** What was claimed is deleted, as far as it can be. */
  async discard(): Promise<void> {
    if (this.#generation > 0)
      await this.#generations.remove(this.#generation).catch(() => undefined);
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
    this.#spareBytes = 0;
    this.#opening += 1;
    this.table.closeAll();
  }

  abandonAll(): void {
    this.table.abandonAll();
    this.closeAll();
    this.#forgetAll();
  }

  async tidy(): Promise<void> {
    await this.#generations.dropBefore(this.#generation);
    const { fork, import: imports } = lockNames;
    await ifFree(imports(this.#key), () =>
      ifFree(fork(this.#key), () => this.#generations.dropUnfinished()),
    );
    await this.#generations.keepName();
  }

  async newestSnapshot(): Promise<number> {
    const [newest = 0] = await this.#snapshots.indexes(this.#generation);
    return newest;
  }

  async keepSnapshot(index: number, image: Uint8Array<ArrayBuffer>, most: number): Promise<void> {
    await keepSnapshot(this.#snapshots, this.#generation, index, image, most);
  }

  async dropSnapshots(before: number): Promise<void> {
    await dropSnapshots(this.#snapshots, this.#generation, before);
  }

  keepSpare(): void {
    const needed = Math.min(this.table.totalBytes(), kSpareMaxBytes);
    if (needed <= this.#spareBytes) return;
    const units = Math.ceil((kSpareFactor * needed) / kSpareUnitBytes);
    const spare = units * kSpareUnitBytes;
    this.#generations.keepSpare(spare + kSpareForHandlesBytes).then(
      () => (this.#spareBytes = spare),
      () => undefined, // a full disk has none to spare
    );
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
    const together = this.#patience(patienceMs);
    const [logSlots, poolSlots] = await Promise.all([
      this.#openAll("log", log, together),
      this.#openAll("pool", pool, together),
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

  #patience(ms: number): PatientOpening {
    const opening = this.#opening;
    return new PatientOpening(ms, () => opening === this.#opening);
  }

  // What is known is opened while the directory is listed: nearly always that is all there is.
  async #openAll(
    which: Directory,
    atLeast: number,
    together: PatientOpening,
  ): Promise<HandleName[]> {
    const directory = this.#directory(which); // another generation's, before this is over, perhaps
    directory.catch(() => undefined);
    const known = this.#known.get(which) ?? [];
    const opened = Promise.all(known.map((file) => this.#openKnown(file, together)));
    opened.catch(() => undefined);
    const files = await this.#list(which);
    const names = new Set(known.map(({ name }) => name));
    const others = files.filter(({ name }) => !names.has(name));
    const missing = Math.max(0, atLeast - files.length);
    const rest = await Promise.all([
      ...others.map((file) => this.#openSlot(file, together)),
      ...Array.from({ length: missing }, () => this.#createIn(directory, together)),
    ]);
    return [...(await opened), ...rest].filter((slot) => slot !== undefined);
  }

  // It may have been removed since it was listed.
  async #openKnown(
    file: FileSystemFileHandle,
    together: PatientOpening,
  ): Promise<HandleName | undefined> {
    try {
      return await this.#openSlot(file, together);
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined;
      throw thrown;
    }
  }

  async #openSlot(file: FileSystemFileHandle, together: PatientOpening): Promise<HandleName> {
    const access = await together.open(file);
    if (!together.wanted) {
      access.close();
      throw new DOMException("the files were closed meanwhile", "AbortError");
    }
    return { name: file.name, handle: this.table.add(access) };
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
