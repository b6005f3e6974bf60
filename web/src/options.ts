// The options of openStore, and what they come to.

import type { Durability, ReplicaMode } from "./boundary_page.js";
import { invalid } from "./errors.js";
import { requireName } from "./names.js";
import type { Schema } from "./schema.js";

/** Where log lines go; `console` fits. */
export interface Logger {
  debug(message: string, ...details: readonly unknown[]): void;
  info(message: string, ...details: readonly unknown[]): void;
  warn(message: string, ...details: readonly unknown[]): void;
  error(message: string, ...details: readonly unknown[]): void;
}

/** How far a long step of opening has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What is done with that which stands in a rebuild's way. */
export type InTheWay = "fail" | "skip";

/** How `onUpgrade: "rebuild"` goes about it. What is skipped is counted: `stats().rebuild`. */
export interface RebuildOptions {
  /** Events of a type that the new schema does not have. Default `fail`. */
  readonly unknownEvents?: InTheWay;
  /** Events that the new schema's SQL or an upcaster refuses. Default `fail`. */
  readonly failedEvents?: InTheWay;
  /** What `exec` has written, in the tables of its time. Default `fail`. */
  readonly execEntries?: InTheWay;
  /** What `compact` has removed from the log. Default `fail`. */
  readonly compacted?: InTheWay;
}

/** What `openStore` takes. */
export interface StoreOptions<S extends Schema> {
  /** Any text of 1 to 1024 UTF-16 units. The tabs of an origin that name it share one log. */
  readonly name: string;
  readonly schema: S;
  /** Of each append that does not say otherwise: `full` (default) resolves after a flush to the disk. */
  readonly durability?: Durability;
  /**
   * `memory` (default): this tab keeps a copy of the database and answers its queries by itself.
   * `none`: queries go to the leader.
   */
  readonly replica?: ReplicaMode;
  /** A database above this is not copied to memory: queries go to the leader. Default 64 MiB. */
  readonly replicaMaxBytes?: number;
  /**
   * What a newer schema version does to the state. `migrate` (default): its migrations run on it. `rebuild`: the state is
   * made anew from all events; until it is, the other tabs go on with the old one. Where that cannot be done, `openStore`
   * rejects, and nothing has changed.
   */
  readonly onUpgrade?: "migrate" | "rebuild";
  readonly rebuild?: RebuildOptions;
  /** `memory`: one tab, shared with none, gone with it. Only when asked for. */
  readonly storage?: "opfs" | "memory";
  /** Asks the browser once to keep the origin's data (`navigator.storage.persist()`). */
  readonly persist?: boolean;
  /**
   * How long an append, or a query that needs the leader, waits for a leader that gives no sign of life until
   * another tab takes its place, in ms: the leader's process may be stopped, and keep its lock. At least 2100;
   * default 3000.
   */
  readonly leaderTimeout?: number;
  /**
   * How many snapshots of the state a leader keeps, so that `at` need not replay the whole log: the newest, at least 10,000
   * entries apart, of states of at most 64 MiB. Default 4; 0: none.
   */
  readonly snapshots?: number;
  readonly logger?: Logger;
  /** Where worker.js is, if not beside index.js. */
  readonly workerUrl?: string | URL;
  /** Where tablog.wasm is, if not beside index.js. */
  readonly wasmUrl?: string | URL;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Settings<S extends Schema> {
  readonly name: string;
  readonly schema: S;
  readonly schemaFlags: number;
  readonly durability: Durability;
  readonly replica: ReplicaMode;
  readonly replicaMaxBytes: number;
  readonly storage: "opfs" | "memory";
  readonly persist: boolean;
  readonly leaderTimeout: number;
  readonly snapshots: number;
  readonly logger: Logger | undefined;
  readonly workerUrl: string;
  readonly wasmUrl: string;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

const kReplicaMaxBytes = 64 * 2 ** 20;
const kLeaderTimeoutMs = 3000;
const kSnapshots = 4;
const kSnapshotsMax = 1000;
const kLeaderTimeoutMinMs = 2100; // what taking its place takes by itself
const kLeaderTimeoutMaxMs = 2 ** 31 - 1;

/** @throws TablogError `InvalidArgument` */
export function settle<S extends Schema>(options: StoreOptions<S>): Settings<S> {
  if (typeof options !== "object" || options === null)
    throw invalid("openStore takes an object of options");
  const name = requireName(options.name);
  const { schema, replicaMaxBytes = kReplicaMaxBytes, logger, onProgress } = options;
  if ((schema as Partial<S> | undefined)?.checked !== true)
    throw invalid("schema must come from defineSchema");
  if (!Number.isSafeInteger(replicaMaxBytes) || replicaMaxBytes < 0) {
    throw invalid("replicaMaxBytes must be a whole number of bytes");
  }
  const { leaderTimeout = kLeaderTimeoutMs } = options;
  const sound = leaderTimeout >= kLeaderTimeoutMinMs && leaderTimeout <= kLeaderTimeoutMaxMs;
  if (!Number.isSafeInteger(leaderTimeout) || !sound)
    throw invalid(`leaderTimeout must be a whole number of ms, at least ${kLeaderTimeoutMinMs}`);
  const { snapshots = kSnapshots } = options;
  if (!Number.isInteger(snapshots) || snapshots < 0 || snapshots > kSnapshotsMax)
    throw invalid(`snapshots must be a whole number from 0 to ${kSnapshotsMax}`);
  return {
    name,
    schema,
    schemaFlags: schemaFlags(options),
    durability: choice("durability", options.durability ?? "full", ["full", "relaxed"]),
    replica: choice("replica", options.replica ?? "memory", ["memory", "none"]),
    replicaMaxBytes,
    storage: choice("storage", options.storage ?? "opfs", ["opfs", "memory"]),
    persist: options.persist ?? false,
    leaderTimeout,
    snapshots,
    logger,
    workerUrl: urlOf("workerUrl", options.workerUrl ?? new URL("./worker.js", import.meta.url)),
    wasmUrl: urlOf("wasmUrl", options.wasmUrl ?? new URL("./tablog.wasm", import.meta.url)),
    onProgress,
  };
}

// Bits of Schema::flags, log/entry.h.
const kRebuilds = 1;
const kSkips = { unknownEvents: 2, failedEvents: 4, execEntries: 8, compacted: 16 } as const;

/** @throws TablogError `InvalidArgument` */
export function schemaFlags({
  onUpgrade = "migrate",
  rebuild = {},
}: Pick<StoreOptions<Schema>, "onUpgrade" | "rebuild">): number {
  if (typeof rebuild !== "object" || rebuild === null) throw invalid("rebuild must be an object");
  const how = choice("onUpgrade", onUpgrade, ["migrate", "rebuild"]);
  let flags = kRebuilds;
  for (const what of Object.keys(kSkips) as (keyof typeof kSkips)[]) {
    const chosen = choice(`rebuild.${what}`, rebuild[what] ?? "fail", ["fail", "skip"]);
    if (chosen === "skip") flags |= kSkips[what];
  }
  return how === "rebuild" ? flags : 0;
}

/** One of a closed set. @throws TablogError `InvalidArgument` */
export function choice<T extends string>(what: string, value: T, among: readonly T[]): T {
  if (among.includes(value)) return value;
  throw invalid(
    `${what} must be ${among.map((item) => `"${item}"`).join(" or ")}, not ${JSON.stringify(value)}`,
  );
}

// Relative addresses are the page's.
function urlOf(what: string, value: string | URL): string {
  const base =
    (globalThis as { readonly document?: Document }).document?.baseURI ?? globalThis.location.href;
  try {
    return new URL(value, base).href;
  } catch {
    throw invalid(`${what} is not an address: ${String(value)}`);
  }
}
