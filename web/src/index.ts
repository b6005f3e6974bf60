/**
 * tablog: an event-sourced, replicated log store for browser tabs.
 * @packageDocumentation
 */

export type { Argument, JsonArgument, Parameters } from "./arguments.js";
export { TablogError } from "./errors.js";
export type { Outcome, TablogErrorCode, TablogErrorDetails } from "./errors.js";
export { StoreErrorEvent, StoreEvent } from "./events.js";
export type { StoreEventMap } from "./events.js";
export type { LatencySummary } from "./histogram.js";
export type { ControlEntry, EventEntry, ExecEntry, LogEntry, LogEntryBase } from "./log_entry.js";
export type { ImportOptions } from "./import.js";
export { openStore } from "./open_store.js";
export type { InTheWay, Logger, Progress, RebuildOptions, StoreOptions } from "./options.js";
export type { ParameterNames } from "./parameters.js";
export type {
  AppendOptions,
  Appended,
  CompactOptions,
  Executed,
  QueryOptions,
  ReadOptions,
  StoreStats,
  Tab,
  Verified,
} from "./results.js";
export { PastStore } from "./past.js";
export type { AtOptions } from "./past.js";
export { anySchema, defineSchema } from "./schema.js";
export type {
  EventArguments,
  EventOf,
  EventSql,
  EventType,
  Schema,
  SchemaDefinition,
  Upcaster,
} from "./schema.js";
export type { LeaderChange, Repair, StoreStatus } from "./status.js";
export { Store } from "./store.js";
export type { AppendParameters } from "./store.js";
export { deleteStore, listStores } from "./stores.js";
export { Transaction } from "./transaction.js";
export type { EventParameters, TransactionOptions } from "./transaction.js";
export type { ColumnValue } from "./values.js";
export { Watch } from "./watch.js";
