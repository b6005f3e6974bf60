import type { LatencySummary } from "./histogram.js";

/** Where an append stands in the log. */
export interface Appended {
  readonly index: number;
  readonly term: number;
  /** The leader's time, ms since 1970. */
  readonly time: number;
}

/** Where an ad hoc write stands in the log, and how many rows it changed. */
export interface Executed extends Appended {
  readonly changes: number;
}

/** How one append is to be taken. */
export interface AppendOptions {
  /** Default: that of `openStore`. */
  readonly durability?: "full" | "relaxed";
  /**
   * This tab's queries and watches see it at once, before it is durable, and no longer if it is rejected. Not those of
   * `replica: "none"`, nor a transaction's, nor an `exec`.
   */
  readonly optimistic?: boolean;
  /** The index of the last event entry, or the append is a `Conflict`. 0: the log has none. */
  readonly expectedIndex?: number;
  /** Withdraws what has not been sent to the leader. */
  readonly signal?: AbortSignal;
}

/** How one query is to be answered. */
export interface QueryOptions {
  /**
   * `session` (default): sees this tab's own appends, and never goes back. `linearizable`: sees
   * everything acknowledged anywhere before the call. `local`: what this tab has, at once.
   */
  readonly consistency?: "session" | "linearizable" | "local";
  readonly signal?: AbortSignal;
}

/** Which entries to read. */
export interface ReadOptions {
  /** The first index; default 1. */
  readonly from?: number;
  /** The last index; default the head at the time of the call. */
  readonly to?: number;
  /** Only events of these types. */
  readonly types?: readonly string[];
  /** At most so many entries. */
  readonly limit?: number;
  /** Also the entries that tablog writes for itself. */
  readonly control?: boolean;
}

/** What `compact` has to leave in the log; each that is given is kept. At least one. */
export interface CompactOptions {
  /** Entries from this index on. */
  readonly retainFrom?: number;
  /** Entries of so many days, to the segment: some older ones may stay. */
  readonly keepDays?: number;
  /** So many of the log's newest bytes, to the segment. */
  readonly keepBytes?: number;
}

/** What `verify` has found sound. */
export interface Verified {
  /** The last entry that was replayed. */
  readonly index: number;
  /** The digest of each table at that index, hexadecimal: the native tool's `replay` gives the same. */
  readonly tables: Readonly<Record<string, string>>;
}

/** A tab that has the store open. */
export interface Tab {
  /** Its client id. */
  readonly id: string;
  readonly role: "leader" | "replica";
  readonly visible: boolean;
  /** The entry that its queries see. */
  readonly applied: number;
  readonly roundTripMs: number;
  /** When it last answered, ms since 1970. */
  readonly lastSeen: number;
}

/** Counters and sizes; what the leader counts is under its own names. */
export interface StoreStats {
  readonly [counter: string]: unknown;
  /** Appends of this page, from the call to the resolve. */
  readonly appendLatency: LatencySummary;
  /** Of the origin: bytes used and granted, and whether the browser keeps them. */
  readonly quota: {
    readonly usageBytes: number | null;
    readonly quotaBytes: number | null;
    readonly persisted: boolean | null;
  };
}
