// What must hold of a history and the log that is there after it. Apart from the code under test and from any
// browser: tests/web/history_checker_test.ts plants what it must find.
import type { Consistency, Seen, Told } from "./history.js";

/** An entry of the log; `id` where it is a writer's item. */
export interface Logged {
  readonly index: number;
  readonly term: number;
  readonly id: string | null;
}

export interface Expectation {
  /** Error codes that appends may be refused with. */
  readonly refusals?: readonly string[];
  /** Error codes that reads may fail with. */
  readonly failures?: readonly string[];
  /** The store's data were deleted meanwhile. */
  readonly deleted?: boolean;
  /** Writers that were stopped and have told all that they did. The others died. */
  readonly stopped: readonly string[];
}

interface Append {
  readonly tab: string;
  readonly issued: number; // place in the history
  acknowledged?: { readonly place: number; readonly index: number };
  refused?: { readonly outcome: string };
}

interface Read {
  readonly tab: string;
  readonly consistency: Consistency;
  readonly asked: number;
  answered?: { readonly place: number; readonly seen: readonly Seen[]; readonly at: number };
}

/** All that is wrong, in words; empty when nothing is. */
export function violations(
  history: readonly Told[],
  log: readonly Logged[],
  expectation: Expectation,
): string[] {
  return new HistoryChecker(history, log, expectation).check();
}

class HistoryChecker {
  readonly #log: readonly Logged[];
  readonly #items: (Logged & { readonly id: string })[];
  readonly #expectation: Expectation;
  readonly #appends = new Map<string, Append>();
  readonly #reads = new Map<string, Read>();
  readonly #rolledBack = new Map<string, number>(); // the last time, by tab
  readonly #found: string[] = [];

  constructor(history: readonly Told[], log: readonly Logged[], expectation: Expectation) {
    this.#log = log;
    this.#items = log.flatMap((entry) => (entry.id === null ? [] : [{ ...entry, id: entry.id }]));
    this.#expectation = expectation;
    history.forEach((step, place) => this.#take(step, place));
  }

  check(): string[] {
    this.#checkLog();
    this.#checkAppends();
    this.#checkRealTime();
    this.#checkReads();
    return this.#found;
  }

  #take(step: Told, place: number): void {
    const { tab } = step;
    switch (step.kind) {
      case "issued":
        if (this.#appends.has(step.id)) this.#found.push(`${step.id} was issued twice`);
        this.#appends.set(step.id, { tab, issued: place });
        return;
      case "acknowledged":
        return this.#settle(step.id, { acknowledged: { place, index: step.index } });
      case "refused":
        if (this.#expectation.refusals?.includes(step.code) !== true)
          this.#found.push(`${step.id} was refused: ${step.code}: ${step.message}`);
        return this.#settle(step.id, { refused: { outcome: step.outcome } });
      case "asked":
        this.#reads.set(`${tab} ${step.read}`, {
          tab,
          consistency: step.consistency,
          asked: place,
        });
        return;
      case "answered": {
        const read = this.#reads.get(`${tab} ${step.read}`);
        const at = Math.max(0, ...step.seen.map((seen) => seen.at));
        if (read !== undefined) read.answered = { place, seen: step.seen, at };
        return;
      }
      case "failed":
        if (this.#expectation.failures?.includes(step.code) !== true)
          this.#found.push(`read ${step.read} of ${tab} failed: ${step.code}: ${step.message}`);
        return;
      case "rolledBack":
        if (this.#expectation.deleted !== true)
          this.#found.push(`${tab} was told that the entries it had seen are gone`);
        this.#rolledBack.set(tab, place);
    }
  }

  #settle(id: string, outcome: Pick<Append, "acknowledged" | "refused">): void {
    const append = this.#appends.get(id);
    if (append === undefined || append.acknowledged || append.refused)
      this.#found.push(`${id} was answered twice, or before it was issued`);
    else Object.assign(append, outcome);
  }

  // What a tab did before it was told that the history is gone may be gone.
  #mayBeGone(tab: string, place: number): boolean {
    return place < (this.#rolledBack.get(tab) ?? -1);
  }

  // Dense indexes, terms that never go back, each item once, issued, and in its writer's order.
  #checkLog(): void {
    this.#log.forEach(({ index, term }, i) => {
      if (index !== i + 1) this.#found.push(`the log has index ${index} as its entry ${i + 1}`);
      const before = this.#log[i - 1];
      if (before !== undefined && term < before.term)
        this.#found.push(`entry ${index} has term ${term} after term ${before.term}`);
    });
    const last = new Map<string, number>();
    const present = new Set<string>();
    for (const { id, index } of this.#items) {
      const tab = this.#appends.get(id)?.tab;
      if (present.has(id)) this.#found.push(`${id} took effect twice, again at ${index}`);
      else if (tab === undefined) this.#found.push(`${id} at ${index} was never issued`);
      else if (numberOf(id) < (last.get(tab) ?? 0))
        this.#found.push(`${id} at ${index} is behind a later one of its tab`);
      present.add(id);
      if (tab !== undefined) last.set(tab, Math.max(last.get(tab) ?? 0, numberOf(id)));
    }
  }

  #checkAppends(): void {
    const places = new Map(this.#items.map(({ id, index }) => [id, index]));
    for (const [id, { tab, issued, acknowledged, refused }] of this.#appends) {
      const at = places.get(id);
      if (acknowledged !== undefined && at !== acknowledged.index) {
        const gone = at === undefined && this.#mayBeGone(tab, issued);
        const where = at === undefined ? "is not in the log" : `is at ${at}`;
        if (!gone) this.#found.push(`${id} was acknowledged at ${acknowledged.index} and ${where}`);
      }
      if (refused?.outcome === "none" && at !== undefined)
        this.#found.push(`${id} was refused without effect and is at ${at}`);
      if (!acknowledged && !refused && this.#expectation.stopped.includes(tab))
        this.#found.push(`${id} was never answered`);
    }
  }

  // An append that was issued when another was acknowledged comes after it.
  #checkRealTime(): void {
    const appends = [...this.#appends].filter(
      ([, { tab, issued }]) => !this.#mayBeGone(tab, issued),
    );
    const acknowledged = appends.flatMap(([id, append]) =>
      append.acknowledged ? [{ id, issued: append.issued, ...append.acknowledged }] : [],
    );
    const highest = runningMaximum(acknowledged.map(({ place, index }) => ({ place, at: index })));
    for (const { id, issued, index } of acknowledged) {
      const before = highest(issued);
      if (index <= before)
        this.#found.push(
          `${id} is at ${index}, though ${before} was acknowledged before it was issued`,
        );
    }
  }

  #checkReads(): void {
    const reads = [...this.#reads.values()].filter(
      ({ tab, asked }) => !this.#mayBeGone(tab, asked),
    );
    const known = [
      ...[...this.#appends.values()].flatMap(({ tab, issued, acknowledged }) =>
        acknowledged && !this.#mayBeGone(tab, issued)
          ? [{ tab, place: acknowledged.place, at: acknowledged.index }]
          : [],
      ),
      ...reads.flatMap(({ tab, answered }) =>
        answered ? [{ tab, place: answered.place, at: answered.at }] : [],
      ),
    ];
    const tabs = new Set(reads.map(({ tab }) => tab));
    const byTab = new Map(
      [...tabs].map((tab) => [tab, runningMaximum(known.filter((each) => each.tab === tab))]),
    );
    const byAnyone = runningMaximum(known);
    const prefixes = new Prefixes(this.#items, (id) => this.#appends.get(id)?.tab);
    for (const { tab, consistency, asked, answered } of reads) {
      if (answered === undefined) continue;
      const what = `a ${consistency} read of ${tab} that saw ${answered.at}`;
      const own = byTab.get(tab)?.(asked) ?? 0;
      if (answered.at < own) this.#found.push(`${what} is stale: the tab knew ${own} before`);
      const all = byAnyone(asked);
      if (consistency === "linearizable" && answered.at < all)
        this.#found.push(`${what} is stale: ${all} was known before it was asked`);
      const wrong = prefixes.differ(answered.seen, answered.at);
      if (wrong !== undefined) this.#found.push(`${what} saw ${wrong}`);
    }
  }
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

/** The greatest `at` among those whose place in the history is before the one asked for. */
function runningMaximum(
  points: readonly { readonly place: number; readonly at: number }[],
): (place: number) => number {
  const sorted = points.toSorted((a, b) => a.place - b.place);
  let greatest = 0;
  const maxima = sorted.map(({ at }) => (greatest = Math.max(greatest, at)));
  return (place) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.place ?? Infinity) < place) low = middle + 1;
      else high = middle;
    }
    return maxima[low - 1] ?? 0;
  };
}

/** What a read of the log through an index would see, for reads that come in any order. */
class Prefixes {
  readonly #byTab = new Map<string, { at: number; count: number; sum: number }[]>();

  constructor(
    items: readonly { readonly index: number; readonly id: string }[],
    tabOf: (id: string) => string | undefined,
  ) {
    for (const { index, id } of items) {
      const tab = tabOf(id) ?? "";
      const all = this.#byTab.get(tab) ?? [];
      const last = all.at(-1) ?? { count: 0, sum: 0 };
      all.push({ at: index, count: last.count + 1, sum: last.sum + numberOf(id) });
      this.#byTab.set(tab, all);
    }
  }

  /** Where what was seen differs from the log through `at`. */
  differ(seen: readonly Seen[], at: number): string | undefined {
    for (const tab of new Set([...this.#byTab.keys(), ...seen.map((each) => each.tab)])) {
      const found = seen.find((each) => each.tab === tab) ?? { count: 0, sum: 0, at: 0 };
      const { count, sum, at: last } = this.#through(tab, at);
      if (found.count !== count || found.sum !== sum || found.at !== last)
        return (
          `${found.count} items of ${tab} with sum ${found.sum}, the last at ${found.at}; ` +
          `the log has ${count} with sum ${sum}, the last at ${last}`
        );
    }
    return undefined;
  }

  #through(tab: string, at: number): { at: number; count: number; sum: number } {
    const last = this.#byTab.get(tab)?.findLast((each) => each.at <= at);
    return last ?? { at: 0, count: 0, sum: 0 };
  }
}
