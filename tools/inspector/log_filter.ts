// Which entries are shown, and the search for them through the log, slice by slice.

import type { LogEntry } from "tablog";
import type { AnyStore } from "./sources.js";
import { argsText } from "./format.js";

export interface Filter {
  /** Part of a type, an argument's name or value, or the SQL of an exec; case does not matter. */
  readonly text: string;
  /** Of events; a trailing `*` stands for anything. */
  readonly type: string;
  readonly kind: "" | LogEntry["kind"] | "app";
  /** What a client's id begins with. */
  readonly client: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export const kNoFilter: Filter = {
  text: "",
  type: "",
  kind: "",
  client: "",
  from: undefined,
  to: undefined,
};

/** Matches that are kept; who wants more narrows the filter. */
export const kMatchesMax = 20_000;
const kSlice = 2048;
const kArgumentTextMax = 10_000;

/** A range alone needs no search. */
export function needsSearch(filter: Filter): boolean {
  return filter.text !== "" || filter.type !== "" || filter.kind !== "" || filter.client !== "";
}

export function matcherOf(filter: Filter): (entry: LogEntry) => boolean {
  const text = filter.text.toLowerCase();
  const client = filter.client.toLowerCase();
  const { kind } = filter;
  return (entry) => {
    if (
      kind === "app"
        ? entry.kind !== "event" && entry.kind !== "exec"
        : kind !== "" && entry.kind !== kind
    )
      return false;
    if (filter.type !== "" && !(entry.kind === "event" && fits(entry.type, filter.type)))
      return false;
    if (client !== "" && entry.client?.startsWith(client) !== true) return false;
    return text === "" || textOf(entry).toLowerCase().includes(text);
  };
}

function fits(type: string, pattern: string): boolean {
  return pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

function textOf(entry: LogEntry): string {
  switch (entry.kind) {
    case "event":
      return `${entry.type} ${argsText(entry.args, kArgumentTextMax)}`;
    case "exec":
      return `${entry.sql} ${argsText(entry.params, kArgumentTextMax)}`;
    case "term":
      return `term ${entry.leader}`;
    case "close":
      return `close ${entry.closed}`;
    default:
      return entry.kind;
  }
}

export type SearchState = "running" | "done" | "stopped" | "full" | "failed";

/** A search from a range's beginning to its end, or to the head and on as that grows. */
export class Search {
  readonly matches: LogEntry[] = [];
  readonly #store: AnyStore;
  readonly #matches: (entry: LogEntry) => boolean;
  readonly #to: number | undefined;
  readonly #changed: () => void;
  #next: number;
  #state: SearchState = "done";
  failure: unknown;

  constructor(store: AnyStore, filter: Filter, first: number, changed: () => void) {
    this.#store = store;
    this.#matches = matcherOf(filter);
    this.#next = Math.max(filter.from ?? 1, first);
    this.#to = filter.to;
    this.#changed = changed;
  }

  get state(): SearchState {
    return this.#state;
  }

  /** All before it were looked at. */
  get next(): number {
    return this.#next;
  }

  get end(): number {
    return Math.min(this.#to ?? Infinity, this.#store.status.head);
  }

  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  /** Goes on where it was, unless it was ended. */
  async goOn(again: "if done" | "also if stopped" = "if done"): Promise<void> {
    if (this.#state !== "done" && !(again === "also if stopped" && this.#state === "stopped"))
      return;
    if (this.#next > this.end) return;
    this.#state = "running";
    this.#changed();
    try {
      while (this.#isRunning() && this.#next <= this.end) await this.#slice();
      if (this.#isRunning()) this.#state = "done";
    } catch (thrown) {
      if (this.#isRunning()) this.#state = "failed";
      this.failure = thrown;
    }
    this.#changed();
  }

  // Stopping changes it meanwhile, which the compiler does not see.
  #isRunning(): boolean {
    return this.#state === "running";
  }

  async #slice(): Promise<void> {
    const to = Math.min(this.#next + kSlice - 1, this.end);
    for await (const entry of this.#store.read({ from: this.#next, to, control: true })) {
      if (!this.#isRunning()) return;
      this.#next = entry.index + 1;
      if (!this.#matches(entry)) continue;
      this.matches.push(entry);
      if (this.matches.length < kMatchesMax) continue;
      this.#state = "full";
      return;
    }
    this.#next = to + 1;
    this.#changed();
  }
}
