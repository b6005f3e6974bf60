// PatientOpening: exclusive handles of several files, some of which may still be held by a tab that was killed. Its
// handles are released some milliseconds after its locks are, and all together: of the files that are found held one
// is tried until it opens, and then the others.

import { TablogError, isDomException } from "./errors.js";

const kRetryMaxMs = 100;
/** A file that is held for so long may have been deleted with the site's data: then it stays held. */
const kDoubtMs = 300;

/** As much of a FileSystemFileHandle as is used. */
export interface ExclusiveFile<Handle> {
  /** Older browsers have none. */
  createSyncAccessHandle?: () => Promise<Handle>;
  getFile: () => Promise<unknown>;
}

export class PatientOpening {
  readonly #giveUpAt: number;
  readonly #doubtAt = performance.now() + kDoubtMs;
  readonly #wanted: () => boolean;
  #scout: Promise<unknown> | undefined; // of the first file that was found held

  /** `wanted`: false once nobody wants the files any more. */
  constructor(patienceMs: number, wanted: () => boolean) {
    this.#giveUpAt = performance.now() + patienceMs;
    this.#wanted = wanted;
  }

  get wanted(): boolean {
    return this.#wanted();
  }

  /** @throws DOMException `NoModificationAllowedError` for what is still held when the patience is at its end */
  async open<Handle>(file: ExclusiveFile<Handle>): Promise<Handle> {
    try {
      return await openOnce(file);
    } catch (thrown) {
      if (!this.#goesOn(thrown)) throw thrown;
    }
    if (this.#scout !== undefined) {
      await this.#scout.catch(() => undefined);
      return this.#retry(file);
    }
    const opened = this.#retry(file);
    this.#scout = opened;
    return opened;
  }

  async #retry<Handle>(file: ExclusiveFile<Handle>): Promise<Handle> {
    for (let pauseMs = 1; ; pauseMs = Math.min(1.5 * pauseMs, kRetryMaxMs)) {
      try {
        return await openOnce(file);
      } catch (thrown) {
        if (!this.#goesOn(thrown)) throw thrown;
        if (performance.now() > this.#doubtAt) await requireName(file);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #goesOn(thrown: unknown): boolean {
    return isHeld(thrown) && this.wanted && performance.now() <= this.#giveUpAt;
  }
}

async function openOnce<Handle>(file: ExclusiveFile<Handle>): Promise<Handle> {
  if (file.createSyncAccessHandle === undefined)
    throw new TablogError("StorageUnavailable", "this browser has no createSyncAccessHandle");
  return file.createSyncAccessHandle();
}

export function isHeld(thrown: unknown): boolean {
  return isDomException(thrown, "NoModificationAllowedError");
}

export function isNotFound(thrown: unknown): boolean {
  return isDomException(thrown, "NotFoundError");
}

/** @throws DOMException `NotFoundError` */
async function requireName(file: ExclusiveFile<unknown>): Promise<void> {
  await file.getFile().catch((thrown: unknown) => {
    if (isNotFound(thrown)) throw thrown; // else it is there, and perhaps not readable while it is held
  });
}
