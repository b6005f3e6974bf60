// Generations: the directories g0, g1, … of a store's files. A leader whose process is stopped keeps its
// handles, so a fork copies what it has written into the next generation (docs/decisions/fork.md). Only one
// tab forks at a time, and it holds the leader's lock.

import { TablogError, isDomException } from "./errors.js";
import type { Directory } from "./files.js";
import { decodeName, kNameFile } from "./names.js";

const kReady = "ready"; // its file says that the copy is whole and flushed
/** Its bytes are counted by the quota and mean nothing: a fork deletes it, and has room for its copy. */
const kSpare = "spare";
const kPieceBytes = 4 * 2 ** 20;
const kAttempts = 3;

/** A file as it was when it was looked at. */
interface Seen {
  readonly path: readonly string[];
  readonly handle: FileSystemFileHandle;
  readonly file: File;
}

const kPaths: Readonly<Record<Directory, readonly string[]>> = {
  log: ["log"],
  pool: ["db", ".opaque"],
};

export class Generations {
  readonly #key: string;
  readonly #name: string;
  #found: Promise<FileSystemDirectoryHandle> | undefined; // the store's directory

  constructor(key: string, name: string) {
    this.#key = key;
    this.#name = name;
  }

  // The official sahpool opens the database with `directory: "tablog/<key>/g<n>/db"`; its slots are in
  // `.opaque` there.
  async directory(generation: number, which: Directory): Promise<FileSystemDirectoryHandle> {
    return descend(await this.#store(), [`g${generation}`, ...kPaths[which]]);
  }

  /** The newest that is whole; the first needs no copy, and no record. */
  async newest(): Promise<number> {
    const store = await this.#store();
    for (const generation of (await numbersIn(store)).reverse()) {
      if (generation > 0 && (await isReady(store, generation))) return generation;
    }
    return 0;
  }

  /**
   * Makes a copy of all files of `from` the newest generation. What a tab left that died while it copied keeps
   * its number until a later leader deletes it.
   */
  async fork(from: number): Promise<void> {
    const store = await this.#store();
    await store.removeEntry(kSpare).catch(() => undefined);
    for (let attempt = 1; ; ++attempt) {
      const next = await this.claim(from + 1);
      const directory = await store.getDirectoryHandle(`g${next}`);
      const seen = await look(await store.getDirectoryHandle(`g${from}`));
      try {
        for (const each of seen) await copy(each, directory);
        if (await areAsSeen(seen)) return await this.markReady(next);
      } catch (thrown) {
        // It was written to while it was read: whoever was stopped goes on, and will let go.
        const changed = isDomException(thrown, "NotReadableError");
        if (!changed || attempt === kAttempts) {
          await this.remove(next).catch(() => undefined);
          throw thrown;
        }
      }
      if (attempt === kAttempts) {
        throw new TablogError(
          "StorageUnavailable",
          "the files of a stopped tab are being written to; try again",
        );
      }
    }
  }

  /** A number that no generation has, at least this one; its directory is made. With the fork's lock. */
  async claim(least: number): Promise<number> {
    const store = await this.#store();
    const generation = Math.max(least - 1, ...(await numbersIn(store))) + 1;
    await store.getDirectoryHandle(`g${generation}`, { create: true });
    return generation;
  }

  /** Its files are whole, and the store's from then on. */
  async markReady(generation: number): Promise<void> {
    const directory = await (await this.#store()).getDirectoryHandle(`g${generation}`);
    await writeFile(directory, kReady, [recordOf(generation)]);
  }

  async remove(generation: number): Promise<void> {
    await (await this.#store()).removeEntry(`g${generation}`, { recursive: true });
  }

  /** Deletes what forks and imports have left unfinished. Only while nobody is at either. */
  async dropUnfinished(): Promise<void> {
    const store = await this.#store();
    const newest = await this.newest();
    for (const generation of await numbersIn(store))
      if (generation > newest) await this.remove(generation).catch(() => undefined);
  }

  /** Writes the store's name down where its directory's does not tell it, for `listStores`. */
  async keepName(): Promise<void> {
    if (decodeName(this.#key) !== undefined) return;
    const store = await this.#store();
    const known = await store.getFileHandle(kNameFile).catch(() => undefined);
    if (known === undefined)
      await writeFile(store, kNameFile, [new TextEncoder().encode(this.#name)]);
  }

  /** Holds so much room back for a fork. @throws DOMException where there is not so much */
  async keepSpare(bytes: number): Promise<void> {
    const file = await (await this.#store()).getFileHandle(kSpare, { create: true });
    const access = await file.createSyncAccessHandle();
    try {
      if (access.getSize() < bytes) access.truncate(bytes);
    } finally {
      access.close();
    }
  }

  /** Deletes the generations before this one. What a stopped process still holds stays until the next time. */
  async dropBefore(generation: number): Promise<void> {
    if (generation === 0) return;
    const store = await this.#store();
    for (const older of await numbersIn(store)) {
      if (older >= generation) continue;
      await this.remove(older).catch(() => undefined);
    }
  }

  /** The store's directory is looked up anew: it may have been deleted. */
  forget(): void {
    this.#found = undefined;
  }

  #store(): Promise<FileSystemDirectoryHandle> {
    if (this.#found !== undefined) return this.#found;
    this.#found = this.#find();
    this.#found.catch(() => this.forget());
    return this.#found;
  }

  async #find(): Promise<FileSystemDirectoryHandle> {
    const storage = (navigator as { readonly storage?: Partial<StorageManager> }).storage;
    if (storage?.getDirectory === undefined) {
      throw new TablogError(
        "StorageUnavailable",
        "this browser has no OPFS (navigator.storage.getDirectory)",
      );
    }
    return descend(await storage.getDirectory(), ["tablog", this.#key]);
  }
}

async function descend(
  from: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<FileSystemDirectoryHandle> {
  let directory = from;
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
}

// Ascending.
async function numbersIn(store: FileSystemDirectoryHandle): Promise<number[]> {
  const numbers: number[] = [];
  for await (const name of store.keys()) {
    const found = /^g(0|[1-9]\d{0,5})$/.exec(name);
    if (found !== null) numbers.push(Number(found[1]));
  }
  return numbers.sort((a, b) => a - b);
}

async function isReady(store: FileSystemDirectoryHandle, generation: number): Promise<boolean> {
  try {
    const directory = await store.getDirectoryHandle(`g${generation}`);
    const record = await (await directory.getFileHandle(kReady)).getFile();
    return (await record.text()) === new TextDecoder().decode(recordOf(generation));
  } catch (thrown) {
    // Anything else must not make it look absent: an older generation would be opened.
    if (isDomException(thrown, "NotFoundError")) return false;
    throw thrown;
  }
}

async function look(generation: FileSystemDirectoryHandle): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const path of Object.values(kPaths)) {
    for await (const entry of (await descend(generation, path)).values()) {
      if (entry.kind !== "file") continue;
      const handle = entry as FileSystemFileHandle;
      seen.push({ path, handle, file: await handle.getFile() });
    }
  }
  return seen;
}

async function areAsSeen(seen: readonly Seen[]): Promise<boolean> {
  for (const { handle, file } of seen) {
    const now = await handle.getFile();
    if (now.size !== file.size || now.lastModified !== file.lastModified) return false;
  }
  return true;
}

async function copy({ path, handle, file }: Seen, into: FileSystemDirectoryHandle): Promise<void> {
  await writeFile(await descend(into, path), handle.name, piecesOf(file));
}

async function* piecesOf(file: File): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < file.size; at += kPieceBytes)
    yield new Uint8Array(await file.slice(at, at + kPieceBytes).arrayBuffer());
}

function recordOf(generation: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${generation}\n`);
}

// Flushed. @throws QuotaExceededError also where the browser only writes short
export async function writeFile(
  directory: FileSystemDirectoryHandle,
  name: string,
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const file = await directory.getFileHandle(name, { create: true });
  const access = await file.createSyncAccessHandle();
  try {
    let at = 0;
    for await (const piece of pieces) {
      const written = access.write(piece, { at });
      if (written !== piece.byteLength)
        throw new DOMException("a copy was written short", "QuotaExceededError");
      at += written;
    }
    access.flush();
  } finally {
    access.close();
  }
}
