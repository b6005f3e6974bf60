// The page's half of docs/boundary.md: the inputs that it has for its replica worker, and the outputs
// that concern it. What a reply holds: boundary_results.ts.

import { Reader, Writer, type Id } from "./bytes.js";
import { TablogError, errorCodes, type Outcome } from "./errors.js";
import { upcastersOf, type Schema } from "./schema.js";

export type Durability = "full" | "relaxed";
export type Consistency = "session" | "linearizable" | "local";
export type ReplicaMode = "memory" | "none";

export interface Configuration {
  readonly client: Id;
  readonly replica: ReplicaMode;
  readonly replicaMaxBytes: number;
  readonly leaderTimeout: number;
  readonly schema: Schema;
  /** Schema::flags of log/entry.h. */
  readonly schemaFlags: number;
}

/** An append as it stands in the session; `payload` as encoded by `writeEvents` and its like. */
export interface AppendInput {
  readonly number: number;
  readonly settledThrough: number;
  readonly durability: Durability;
  /** This tab's queries see it at once. */
  readonly optimistic: boolean;
  readonly expectedIndex: number | undefined;
  readonly reads: readonly Uint8Array[];
  readonly payload: Uint8Array;
  /** To the tab's own leader, too. */
  readonly handed: boolean;
}

/** What the page knows of its own appends: the last index, and after how many rollbacks and divergences. */
export interface Told {
  readonly index: number;
  readonly noted: number;
}

/** What all queries have in common. */
export interface Question {
  readonly told: Told;
  readonly statement: Uint8Array;
}

export interface QueryInput extends Question {
  readonly consistency: Consistency;
}

/** What a compaction has to leave; 0: that one wants nothing. */
export interface CompactInput {
  readonly retainFrom: number;
  /** ms since 1970 */
  readonly since: number;
  readonly keepBytes: number;
}

/** What is known of a watch of which nothing was told yet. */
export const kNoRows: Id = "0".repeat(32);

export interface WatchInput extends Question {
  /** Of the rows that were told last. */
  readonly known: Id;
}

function writeQuestion(w: Writer, { told, statement }: Question): void {
  w.u64(told.index);
  w.u32(told.noted);
  w.raw(statement);
}

/** As `configure` has it, and an import. `flags`: Schema::flags of log/entry.h. */
export function writeSchema(w: Writer, schema: Schema, flags: number): void {
  w.u32(schema.version);
  w.list(schema.migrations, (sql) => w.text(sql));
  w.list(Object.entries(schema.events), ([type, sql]) => {
    w.text(type);
    w.text(sql);
  });
  w.list(upcastersOf(schema), ({ type, from, args }) => {
    w.text(type);
    w.u32(from);
    w.text(args);
  });
  w.u32(flags);
}

export const inputs = {
  configure(w: Writer, { client, schema, ...options }: Configuration): void {
    w.u8(0);
    w.id(client);
    w.u8(options.replica === "memory" ? 0 : 1);
    w.u64(options.replicaMaxBytes);
    w.u32(options.leaderTimeout);
    writeSchema(w, schema, options.schemaFlags);
  },
  append(
    w: Writer,
    { number, settledThrough, durability, optimistic, ...append }: AppendInput,
  ): void {
    w.u8(append.handed ? 14 : 1);
    w.u64(number);
    w.u64(settledThrough);
    w.u8(durability === "full" ? 0 : 1);
    w.bool(optimistic);
    w.optionU64(append.expectedIndex);
    w.list(append.reads, (read) => w.raw(read));
    w.raw(append.payload);
  },
  query(w: Writer, call: number, { consistency, ...question }: QueryInput): void {
    w.u8(2);
    w.u32(call);
    w.u8(["session", "linearizable", "local"].indexOf(consistency));
    writeQuestion(w, question);
  },
  watch(w: Writer, call: number, { known, ...question }: WatchInput): void {
    w.u8(15);
    w.u32(call);
    w.id(known);
    writeQuestion(w, question);
  },
  guardedQuery(w: Writer, call: number, question: Question): void {
    w.u8(17);
    w.u32(call);
    writeQuestion(w, question);
  },
  exclusive(w: Writer, call: number, release: boolean): void {
    w.u8(18);
    w.u32(call);
    w.bool(release);
  },
  digests(w: Writer, call: number): void {
    w.u8(19);
    w.u32(call);
  },
  heard(w: Writer, call: number): void {
    w.u8(16);
    w.u32(call);
  },
  read(w: Writer, call: number, range: ReadRange): void {
    w.u8(3);
    w.u32(call);
    w.u64(range.from);
    w.u64(range.to);
    w.u32(range.limit);
    w.list(range.types, (type) => w.text(type));
    w.bool(range.control);
    w.bool(range.encoded ?? false);
  },
  checkpoint(w: Writer, call: number): void {
    w.u8(4);
    w.u32(call);
  },
  export(w: Writer, call: number, what: "log" | "database" | "base"): void {
    w.u8(5);
    w.u32(call);
    w.u8({ log: 1, database: 2, base: 3 }[what]);
  },
  adopt(w: Writer, call: number, generation: number): void {
    w.u8(21);
    w.u32(call);
    w.u64(generation);
  },
  compact(w: Writer, call: number, { retainFrom, since, keepBytes }: CompactInput): void {
    w.u8(20);
    w.u32(call);
    w.u64(retainFrom);
    w.i64(BigInt(since));
    w.u64(keepBytes);
  },
  tabs(w: Writer, call: number, tabs: readonly Id[]): void {
    w.u8(6);
    w.u32(call);
    w.list(tabs, (tab) => w.id(tab));
  },
  stats(w: Writer, call: number): void {
    w.u8(7);
    w.u32(call);
  },
  close(w: Writer, call: number): void {
    w.u8(8);
    w.u32(call);
  },
  visibility(w: Writer, visible: boolean): void {
    w.u8(11);
    w.bool(visible);
  },
  forget(w: Writer, call: number): void {
    w.u8(12);
    w.u32(call);
  },
};

/** The input `several`, of the frames that `write` writes; undefined if there are none. */
export function several(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> | undefined {
  const writer = new Writer();
  writer.u8(13);
  writer.u32(0);
  write(writer);
  writer.setU32(1, writer.frames);
  return writer.frames === 0 ? undefined : writer.finish();
}

/** `to` 0: the head. `limit`: entries of this one reply. */
export interface ReadRange {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly types: readonly string[];
  readonly control: boolean;
  /** As the log has them, for a past worker. */
  readonly encoded?: boolean;
}

/** Payload tags of an append. */
export const payloads = { events: 0, exec: 1, void: 2 } as const;

/** Where an append's entries stand. */
export interface Accepted {
  readonly firstIndex: number;
  readonly count: number;
  readonly term: number;
  readonly time: number;
  readonly changes: number;
  readonly voided: boolean;
}

export interface ReplicaStatus {
  readonly term: number;
  readonly generation: number;
  readonly leaderId: Id | null;
  readonly head: number;
  readonly durable: number;
  readonly applied: number;
  readonly checkpoint: number;
  readonly leaderUnresponsive: boolean;
}

export type PageOutput =
  | { readonly kind: "settled"; readonly number: number; readonly result: Accepted | TablogError }
  | { readonly kind: "reply"; readonly call: number; readonly result: Reader | TablogError }
  | { readonly kind: "watched"; readonly call: number; readonly hash: Id; readonly rows: Reader }
  | { readonly kind: "status"; readonly status: ReplicaStatus }
  | { readonly kind: "ready" | "suspects" }
  | { readonly kind: "failed"; readonly error: TablogError }
  | { readonly kind: "rollback" | "divergence"; readonly index: number; readonly detail: string }
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | {
      readonly kind: "chunk";
      readonly call: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    };

/** Output kinds from here on concern the page; those below it the replica worker. */
export const kFirstPageOutput = 3;

/** The leader worker's one output that concerns the page. */
export const kSettledByLeader = 11;

export function decodePageOutput(bytes: Uint8Array): PageOutput {
  const r = new Reader(bytes);
  const kind = r.u8();
  switch (kind) {
    case 3:
    case kSettledByLeader: {
      const number = r.u64();
      return {
        kind: "settled",
        number,
        result: r.u8() === 0 ? readAccepted(r) : readAppendError(r),
      };
    }
    case 4: {
      const call = r.u32();
      return { kind: "reply", call, result: r.u8() === 0 ? r : readError(r) };
    }
    case 5:
      return { kind: "status", status: readStatus(r) };
    case 6:
      return { kind: "ready" };
    case 7:
      return { kind: "failed", error: readError(r) };
    case 8:
      return { kind: r.u8() === 0 ? "rollback" : "divergence", index: r.u64(), detail: r.text() };
    case 9:
      return { kind: "progress", done: r.f64(), total: r.f64() };
    case 10:
      return { kind: "chunk", call: r.u32(), offset: r.u64(), bytes: r.bytes() };
    case 12:
      return { kind: "suspects" };
    case 13:
      return { kind: "watched", call: r.u32(), hash: r.id(), rows: r };
    default:
      throw new RangeError(`unknown output ${kind}`);
  }
}

function readAccepted(r: Reader): Accepted {
  return {
    firstIndex: r.u64(),
    count: r.u32(),
    term: r.u64(),
    time: r.f64(),
    changes: Number(r.i64()),
    voided: r.bool(),
  };
}

export function readError(r: Reader, outcome?: () => Outcome): TablogError {
  const code = errorCodes[r.u8() - 1] ?? "Corrupt"; // what does not decode inside the core
  const message = r.text();
  const index = r.option(() => r.u64());
  const offset = r.option(() => r.u64());
  return new TablogError(code, message, { index, offset, outcome: outcome?.() });
}

function readAppendError(r: Reader): TablogError {
  return readError(r, () => (r.u8() === 0 ? "none" : "unknown"));
}

function readStatus(r: Reader): ReplicaStatus {
  return {
    term: r.u64(),
    generation: r.u64(),
    leaderId: readOptionalId(r),
    head: r.u64(),
    durable: r.u64(),
    applied: r.u64(),
    checkpoint: r.u64(),
    leaderUnresponsive: r.bool(),
  };
}

/** An id; null for the zero that means none. */
export function readOptionalId(r: Reader): Id | null {
  const id = r.id();
  return /^0*$/.test(id) ? null : id;
}
