/**
 * What an operation failed with. A closed union: switch over it without a default.
 *
 * - `Rejected`: SQL said no (constraint, RAISE, deferred foreign key, forbidden statement); SQLite's message.
 * - `Conflict`: `expectedIndex` does not match; `index` is the actual one.
 * - `InvalidArgument`: a missing, extra or unstorable argument; the message names its path.
 * - `UnknownEvent`: the schema has no event of that type; the message names the nearest.
 * - `TooLarge`: an entry over 16 MiB.
 * - `QueryFailed`: a query's SQL failed, or is not a plain read.
 * - `TransactionTimeout`: a transaction was in conflict again and again, at last with exclusive use of the log.
 * - `SchemaTooOld`: the store has been migrated by newer code; reload the page.
 * - `SchemaConflict`: the same schema version with another text.
 * - `EngineTooOld`: the log names a newer SQLite; reload the page.
 * - `NewerFormat`: the files were written by a newer tablog; reload the page.
 * - `StorageUnavailable`: no OPFS here, its files are held by another process, or an I/O error.
 * - `QuotaExceeded`: no space left for the append.
 * - `Corrupt`: a file does not verify; `index` and `offset` say where.
 * - `Compacted`: the entries asked for are no longer in the log.
 * - `NotEmpty`: an import into a store that has events.
 * - `LoadFailed`: a worker or the wasm module cannot be loaded, or workers keep ending.
 * - `LeaderUnresponsive`: the leader does not answer.
 * - `Closed`: the store is closed.
 * - `Aborted`: the call's signal.
 */
export type TablogErrorCode = (typeof errorCodes)[number];

/** In the order of ErrorCode in log/result.h, which begins at 1. */
export const errorCodes = [
  "Rejected",
  "Conflict",
  "InvalidArgument",
  "UnknownEvent",
  "TooLarge",
  "QueryFailed",
  "TransactionTimeout",
  "SchemaTooOld",
  "SchemaConflict",
  "EngineTooOld",
  "NewerFormat",
  "StorageUnavailable",
  "QuotaExceeded",
  "Corrupt",
  "Compacted",
  "NotEmpty",
  "LoadFailed",
  "LeaderUnresponsive",
  "Closed",
  "Aborted",
] as const;

/** Of an append: it did not take effect and never will; or it is in the log once or not at all. */
export type Outcome = "none" | "unknown";

/** Facts beside an error's code and message. */
export interface TablogErrorDetails {
  readonly outcome?: Outcome | undefined;
  readonly index?: number | undefined;
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

/** Every error that tablog throws or reports. The message says what to do. */
export class TablogError extends Error {
  override readonly name = "TablogError";
  readonly code: TablogErrorCode;
  /** Set for appends: whether the append may have taken effect. */
  readonly outcome?: Outcome;
  /** `Conflict`: the actual index. `Corrupt`: the first entry that cannot be read. */
  readonly index?: number;
  /** `Corrupt`: bytes from the start of the file. */
  readonly offset?: number;

  constructor(code: TablogErrorCode, message: string, details: TablogErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.outcome !== undefined) this.outcome = details.outcome;
    if (details.index !== undefined) this.index = details.index;
    if (details.offset !== undefined) this.offset = details.offset;
  }

  /** The same error, told of an append with this outcome. */
  withOutcome(outcome: Outcome): TablogError {
    const { index, offset, cause } = this;
    return new TablogError(this.code, this.message, { outcome, index, offset, cause });
  }
}

export function invalid(message: string): TablogError {
  return new TablogError("InvalidArgument", message);
}

/** Whether the platform has thrown its exception of this name. */
export function isDomException(thrown: unknown, name: string): boolean {
  return thrown instanceof DOMException && thrown.name === name;
}

/** The words of anything that was thrown. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
