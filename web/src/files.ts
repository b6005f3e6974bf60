// FileTable: the open files of a leader worker, by the numbers that the module knows them by.

import type { HandleName, Opened } from "./boundary_worker.js";
import { isDomException, wordsOf } from "./errors.js";
import type { FileCalls } from "./wasm.js";

export type Directory = "log" | "pool";

/** Where a store's slots are: OPFS, or this worker's memory. */
export interface SlotFiles {
  readonly table: FileTable;
  /** Knows the directories before they are needed: a standby takes over the sooner. */
  prepare(): void;
  /**
   * Opens every slot of the newest generation and creates what is missing of the numbers asked for. `fork`:
   * where another process holds the slots, a copy of them is made a new generation. `adopt`: this generation is marked as
   * the store's first (0: none).
   */
  open(log: number, pool: number, fork: boolean, adopt: number): Promise<Opened>;
  create(directory: Directory): Promise<HandleName>;
  /** Whether what is open has its names still: handles go on working on files that were deleted with the site's data. */
  areNamed(): Promise<boolean>;
  closeAll(): void;
  /** Deletes the generations before the one that is open, where no process holds them any more; for a new leader to call. */
  tidy(): Promise<void>;
  /** The index of the newest snapshot that is kept; 0: none is. */
  newestSnapshot(): Promise<number>;
  /** Keeps a snapshot of the state, and so many in all: the newest. Nothing depends on it. */
  keepSnapshot(index: number, image: Uint8Array<ArrayBuffer>, most: number): Promise<void>;
  /** Lets those of earlier indexes go. */
  dropSnapshots(before: number): Promise<void>;
  /** Holds room for a fork back, where there is room, as the files grow. For a leader to call now and then. */
  keepSpare(): void;
  /** Forgets what is open: in Chromium 156, to close a file that was deleted with the site's data never returns. */
  abandonAll(): void;
}

/** As much of a FileSystemSyncAccessHandle as is used. */
export interface SyncFile {
  read(into: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  flush(): void;
  getSize(): number;
  truncate(bytes: number): void;
  close(): void;
}

const kIoError = -1;
const kNoSpace = -2;
/** FILE_ERROR_NO_SPACE, which Chromium gives as a count when the profile is off the record. */
const kChromiumNoSpace = -8;

export class FileTable implements FileCalls {
  readonly #files = new Map<number, SyncFile>();
  #last = 0;
  #lastError = "";

  add(file: SyncFile): number {
    this.#last += 1;
    this.#files.set(this.#last, file);
    return this.#last;
  }

  /** Of all files that are open. */
  totalBytes(): number {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file.getSize();
    return bytes;
  }

  closeAll(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  abandonAll(): void {
    this.#files.clear();
  }

  read(handle: number, offset: number, into: Uint8Array): number {
    return this.#call(handle, (file) => file.read(into, { at: offset }));
  }

  write(handle: number, offset: number, from: Uint8Array): number {
    const written = this.#call(handle, (file) => file.write(from, { at: offset }));
    if (written === kNoSpace) this.#lastError += `; at least ${from.byteLength} bytes are missing`;
    if (written <= from.byteLength) return written;
    this.#lastError = `write() of ${from.byteLength} bytes answered ${written}`;
    return (written | 0) === kChromiumNoSpace ? kNoSpace : kIoError;
  }

  flush(handle: number): number {
    return this.#call(handle, (file) => (file.flush(), 0));
  }

  size(handle: number): number {
    return this.#call(handle, (file) => file.getSize());
  }

  // Off the record a truncate over quota does nothing, and says nothing.
  truncate(handle: number, bytes: number): number {
    return this.#call(handle, (file) => {
      file.truncate(bytes);
      if (file.getSize() === bytes) return 0;
      this.#lastError = `truncate(${bytes}) left ${file.getSize()} bytes`;
      return kNoSpace;
    });
  }

  lastError(): string {
    return this.#lastError;
  }

  #call(handle: number, use: (file: SyncFile) => number): number {
    const file = this.#files.get(handle);
    if (file === undefined) {
      this.#lastError = `file ${handle} is not open`;
      return kIoError;
    }
    try {
      return use(file);
    } catch (thrown) {
      this.#lastError = wordsOf(thrown);
      return isDomException(thrown, "QuotaExceededError") ? kNoSpace : kIoError;
    }
  }
}
