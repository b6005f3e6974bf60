// What the replies to the page's calls hold (docs/boundary.md, payload of `reply`).

import { readOptionalId } from "./boundary_page.js";
import type { Id, Reader } from "./bytes.js";
import type { LogEntry } from "./log_entry.js";
import type { ColumnValue } from "./values.js";

/** A column's value: integers that a number cannot hold are bigints. */
export function readValue(r: Reader): ColumnValue {
  const tag = r.u8();
  switch (tag) {
    case 0:
      return null;
    case 1: {
      const integer = r.i64();
      const number = Number(integer);
      return Number.isSafeInteger(number) ? number : integer;
    }
    case 2:
      return r.f64();
    case 3:
      return r.text();
    case 4:
      return r.bytes().slice();
    case 5:
      return r.i32();
    default:
      throw new RangeError(`unknown value ${tag}`);
  }
}

export function readRows(r: Reader): Record<string, ColumnValue>[] {
  const columns = r.list(() => r.text());
  // Not by assignment, of which a column named __proto__ would make no property.
  return r.list(() => Object.fromEntries(columns.map((column) => [column, readValue(r)])));
}

function readArguments(r: Reader): Record<string, ColumnValue> {
  return Object.fromEntries(r.list(() => [r.text(), readValue(r)] as const));
}

export function readEntry(r: Reader): LogEntry {
  const index = r.u64();
  const term = r.u64();
  const time = r.f64();
  const client = readOptionalId(r);
  const request = r.u64();
  const position = r.u32();
  const count = r.u32();
  const schemaVersion = r.u32();
  const common = { index, term, time, client, request, position, count, schemaVersion };
  const kind = r.u8();
  switch (kind) {
    case 0:
      return { ...common, kind: "event", type: r.text(), args: readArguments(r) };
    case 1:
      return {
        ...common,
        kind: "exec",
        sql: r.text(),
        params: readArguments(r),
        changes: Number(r.i64()),
      };
    case 2:
      return { ...common, kind: "void" };
    case 3:
      return { ...common, kind: "term", leader: r.id() };
    case 4:
      return { ...common, kind: "schema", version: r.u32() };
    case 5:
      return { ...common, kind: "checkpoint", checkpoint: r.u64() };
    case 6:
      return { ...common, kind: "close", closed: r.id() };
    default:
      throw new RangeError(`unknown entry ${kind}`);
  }
}

/** A state's index, and the digest of each of its tables. */
export interface StateDigests {
  readonly index: number;
  readonly tables: ReadonlyMap<string, Id>;
}

export function readDigests(r: Reader): StateDigests {
  return { index: r.u64(), tables: new Map(r.list(() => [r.text(), r.id()] as const)) };
}

export interface TabState {
  readonly id: Id;
  readonly role: "leader" | "replica";
  readonly visible: boolean;
  readonly applied: number;
  readonly roundTripMs: number;
  readonly seenMsAgo: number;
}

export function readTab(r: Reader): TabState {
  return {
    id: r.id(),
    role: r.u8() === 0 ? "replica" : "leader",
    visible: r.bool(),
    applied: r.u64(),
    roundTripMs: r.f64(),
    seenMsAgo: r.f64(),
  };
}
