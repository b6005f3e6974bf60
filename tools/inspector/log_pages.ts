// The entries that the log's list shows, read page by page when they come into view, and let go of again.

import type { LogEntry } from "tablog";
import type { AnyStore } from "./sources.js";

const kPageEntries = 256;
const kPagesMax = 64; // kept, those that were seen last
const kReadsMax = 2; // at once
const kReadDelayMs = 50; // what flies by is not read

interface Page {
  readonly from: number;
  readonly entries: LogEntry[]; // without gaps, from that index on
  reading: boolean;
}

/** Indexes are those of the log. A page may be read in part: the log begins or ends in it. */
export class LogPages {
  readonly #store: AnyStore;
  readonly #changed: (failure?: unknown) => void;
  readonly #pages = new Map<number, Page>(); // the one seen last is the last
  #first = 1; // of the log, as it is compacted
  #wanted = { from: 1, to: 0 };
  #reads = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is told when there is more to see, or why there is not. */
  constructor(store: AnyStore, changed: (failure?: unknown) => void) {
    this.#store = store;
    this.#changed = changed;
  }

  get(index: number): LogEntry | undefined {
    const page = this.#pages.get(pageOf(index));
    return page?.entries[index - page.from];
  }

  /** These are in view: what is not there yet is read, and what was asked for before need not be. */
  want(first: number, from: number, to: number): void {
    this.#first = first;
    this.#wanted = { from, to };
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#read();
    }, kReadDelayMs);
  }

  /** What could not be read may be readable now. */
  again(): void {
    this.#read();
  }

  #read(): void {
    const { from, to } = this.#wanted;
    const last = pageOf(to);
    for (let number = pageOf(from); number <= last && this.#reads < kReadsMax; ++number) {
      const page = this.#seen(number);
      const end = (number + 1) * kPageEntries;
      const missing = page.from + page.entries.length <= Math.min(to, end);
      if (missing && !page.reading) void this.#fill(page, end);
    }
  }

  #seen(number: number): Page {
    const from = Math.max(number * kPageEntries + 1, this.#first);
    const page = this.#pages.get(number) ?? { from, entries: [], reading: false };
    this.#pages.delete(number);
    this.#pages.set(number, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= kPagesMax) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  async #fill(page: Page, end: number): Promise<void> {
    page.reading = true;
    this.#reads += 1;
    const from = page.from + page.entries.length;
    const to = Math.min(end, this.#store.status.head);
    try {
      if (from <= to) {
        const entries: LogEntry[] = [];
        for await (const entry of this.#store.read({ from, to, control: true }))
          entries.push(entry);
        page.entries.push(...entries);
      }
      this.#changed();
    } catch (thrown) {
      if (page.entries.length === 0) this.#pages.delete(pageOf(end)); // it may begin elsewhere now
      this.#changed(thrown);
      return; // not again until something asks for it
    } finally {
      page.reading = false;
      this.#reads -= 1;
    }
    if (from <= to) this.#read();
  }
}

function pageOf(index: number): number {
  return Math.floor((Math.max(index, 1) - 1) / kPageEntries);
}
