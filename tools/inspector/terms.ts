// The terms of a log, the newest first. Terms only grow, so that each one's first entry is found by bisection: a
// long log is not read.

import type { LogEntry } from "tablog";
import type { AnyStore } from "./sources.js";

export interface TermRecord {
  readonly term: number;
  /** Who led; null where the log begins after the term did. */
  readonly leader: string | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** When it began, ms since 1970. */
  readonly began: number;
  /** From the last entry before it to its first, ms: at most so long did nobody lead. */
  readonly gapMs: number | undefined;
}

/** At most so many terms of the entries `first` to `last`. */
export async function readTerms(
  store: AnyStore,
  first: number,
  last: number,
  limit: number,
): Promise<TermRecord[]> {
  const terms: TermRecord[] = [];
  let end = last;
  while (end >= first && terms.length < limit) {
    const { term } = await entryAt(store, end);
    const begin = await firstOf(store, term, first, end);
    const start = await entryAt(store, begin);
    const before = begin > first ? await entryAt(store, begin - 1) : undefined;
    terms.push({
      term,
      leader: start.kind === "term" ? start.leader : null,
      firstIndex: begin,
      lastIndex: end,
      began: start.time,
      gapMs: before === undefined ? undefined : start.time - before.time,
    });
    end = begin - 1;
  }
  return terms;
}

async function firstOf(
  store: AnyStore,
  term: number,
  first: number,
  last: number,
): Promise<number> {
  let [low, high] = [first, last]; // the one at `high` is of the term
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await entryAt(store, middle)).term < term) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function entryAt(store: AnyStore, index: number): Promise<LogEntry> {
  for await (const entry of store.read({ from: index, to: index, control: true })) return entry;
  throw new RangeError(`the log has no entry ${index}`);
}
