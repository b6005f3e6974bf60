import type { ColumnValue } from "./values.js";

/** What every entry of the log carries. */
export interface LogEntryBase {
  /** 1, 2, 3, … without gaps. */
  readonly index: number;
  /** Of the leader that wrote it. */
  readonly term: number;
  /** The leader's time, ms since 1970; it never goes back within a term. */
  readonly time: number;
  /** The tab that asked for it; null for what a leader writes by itself. */
  readonly client: string | null;
  /** The number of the request within that tab's session, 0 for none. */
  readonly request: number;
  /** Its place, from 0 on, among the `count` entries of the request. */
  readonly position: number;
  readonly count: number;
  /** The schema version that it was written for. */
  readonly schemaVersion: number;
}

/** What an app appended. */
export interface EventEntry extends LogEntryBase {
  readonly kind: "event";
  readonly type: string;
  readonly args: Readonly<Record<string, ColumnValue>>;
}

/** An ad hoc write. */
export interface ExecEntry extends LogEntryBase {
  readonly kind: "exec";
  readonly sql: string;
  /** Positional parameters are named "1", "2", …. */
  readonly params: Readonly<Record<string, ColumnValue>>;
  /** The rows that it changed when it was appended. */
  readonly changes: number;
}

/** What tablog writes for itself; `read` gives these only with `control: true`. */
export type ControlEntry = LogEntryBase &
  (
    | { /** A call that was withdrawn. */ readonly kind: "void" }
    | { /** A leader's first entry. */ readonly kind: "term"; readonly leader: string }
    | { readonly kind: "schema"; readonly version: number }
    | { readonly kind: "checkpoint"; readonly checkpoint: number }
    | { /** The session of a tab that is gone. */ readonly kind: "close"; readonly closed: string }
  );

/** An entry of the log, as `read` gives it. */
export type LogEntry = EventEntry | ExecEntry | ControlEntry;
