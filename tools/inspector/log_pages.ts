// The entries that the log's list shows, read page by page when they come into view, and let go of again.

import type { LogEntry } from "tablog";
import type { AnyStore } from "./sources.js";

const kPageEntries = 256;
const kPagesMax = 64; // kept, those that were seen last
const kReadsMax = 2; // at once

interface Page {
  readonly entries: LogEntry[]; // without gaps, from the page's first index on
  reading: boolean;
}

/** Indexes are those of the log; a page may be read in part, where the log ended in it. */
export class LogPages {
  readonly #store: AnyStore;
  readonly #changed: (failure?: unknown) => void;
  readonly #pages = new Map<number, Page>(); // the one seen last is the last
  #wanted = { from: 1, to: 0 };
  #reads = 0;

  /** `changed` is told when there is more to see, or why there is not. */
  constructor(store: AnyStore, changed: (failure?: unknown) => void) {
    this.#store = store;
    this.#changed = changed;
  }

  get(index: number): LogEntry | undefined {
    const { number, at } = placeOf(index);
    return this.#pages.get(number)?.entries[at];
  }

  /** These are in view: what is not there yet is read, and what was asked for before need not be. */
  want(from: number, to: number): void {
    this.#wanted = { from, to };
    this.#read();
  }

  #read(): void {
    const { from, to } = this.#wanted;
    const last = placeOf(to).number;
    for (let number = placeOf(from).number; number <= last && this.#reads < kReadsMax; ++number) {
      const page = this.#seen(number);
      const first = number * kPageEntries + 1;
      const missing = first + page.entries.length <= Math.min(to, first + kPageEntries - 1);
      if (missing && !page.reading) void this.#fill(page, first);
    }
  }

  #seen(number: number): Page {
    const page = this.#pages.get(number) ?? { entries: [], reading: false };
    this.#pages.delete(number);
    this.#pages.set(number, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= kPagesMax) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  async #fill(page: Page, first: number): Promise<void> {
    page.reading = true;
    this.#reads += 1;
    const from = first + page.entries.length;
    const to = Math.min(first + kPageEntries - 1, this.#store.status.head);
    try {
      if (from <= to) {
        const entries: LogEntry[] = [];
        for await (const entry of this.#store.read({ from, to, control: true }))
          entries.push(entry);
        page.entries.push(...entries);
      }
      this.#changed();
    } catch (thrown) {
      this.#changed(thrown);
      return; // not again until something asks for it
    } finally {
      page.reading = false;
      this.#reads -= 1;
    }
    if (from <= to) this.#read();
  }
}

function placeOf(index: number): { readonly number: number; readonly at: number } {
  const at = Math.max(index, 1) - 1;
  return { number: Math.floor(at / kPageEntries), at: at % kPageEntries };
}
