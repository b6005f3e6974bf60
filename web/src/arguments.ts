// Arguments: which JavaScript values a store takes, and how they are encoded (docs/boundary.md,
// `value`). Everything is copied at the call: later changes of an array or an object do not count.

import type { Writer } from "./bytes.js";
import { TablogError, invalid } from "./errors.js";

/** What can stand in JSON text. Objects with `toJSON` count as what it returns. */
export type JsonArgument =
  | null
  | string
  | number
  | boolean
  | { toJSON(key?: string): unknown }
  | readonly JsonArgument[]
  | { readonly [key: string]: JsonArgument };

/**
 * What a parameter can be bound to. Safe integers are stored as INTEGER, other finite numbers as REAL,
 * bigint within 64 bits as INTEGER, booleans as 1 and 0, bytes as BLOB, objects and arrays as JSON
 * text. NaN, infinities, `undefined`, lone surrogates, functions, symbols and cycles are refused with
 * `InvalidArgument`, which names their path.
 */
export type Argument = JsonArgument | bigint | ArrayBuffer | ArrayBufferView;

/** Parameters of SQL text: `?` and `?1` by an array, `:name` by an object. */
export type Parameters = readonly Argument[] | { readonly [name: string]: Argument };

/** log/entry.h, kEntryBytesMax: the page refuses early what cannot become an entry. */
export const kEntryBytesMax = 16 * 2 ** 20;
/** As deep as SQLite's JSON functions go. */
const kJsonDepthMax = 1000;

/** Writes `args` (named) and returns nothing; `path` is what messages call the object. */
export function writeNamed(writer: Writer, args: unknown, path: string): void {
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    throw invalid(`${path} must be an object of parameter names and values, not ${nameOf(args)}`);
  }
  const start = writer.length;
  writer.list(Object.entries(args), ([name, value]) => {
    const at = member(path, name);
    writer.text(wellFormed(name, at));
    writeValue(writer, value, at);
  });
  if (writer.length - start > kEntryBytesMax) {
    throw new TablogError("TooLarge", `${path}: an entry holds at most 16 MiB; split it`);
  }
}

/** Writes the parameters of a statement: an array, an object, or nothing. */
export function writeParameters(writer: Writer, params: unknown, path = "params"): void {
  if (!Array.isArray(params)) return writeNamed(writer, params ?? {}, path);
  const positional = params as readonly unknown[];
  writer.list([...positional.keys()], (position) => {
    writer.text(String(position + 1));
    writeValue(writer, positional[position], `${path}[${position}]`);
  });
}

/** Text that has a UTF-8 form. */
export function wellFormed(text: string, path: string): string {
  if (/\p{Surrogate}/u.test(text))
    throw invalid(`${path} has a lone surrogate: it is not Unicode text`);
  return text;
}

function writeValue(writer: Writer, value: unknown, path: string): void {
  switch (typeof value) {
    case "number":
      return writeNumber(writer, value, path);
    case "bigint":
      if (value !== BigInt.asIntN(64, value)) throw invalid(`${path} is beyond 64 bits: ${value}`);
      writer.u8(1);
      return writer.i64(value);
    case "boolean":
      writer.u8(5);
      return writer.i32(value ? 1 : 0);
    case "string":
      writer.u8(3);
      return writer.text(wellFormed(value, path));
    case "object":
      return writeObject(writer, value, path);
    default:
      throw unstorable(value, path);
  }
}

function writeNumber(writer: Writer, value: number, path: string): void {
  if (!Number.isFinite(value)) throw unstorable(value, path);
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    writer.u8(2);
    writer.f64(value);
  } else if ((value | 0) === value) {
    writer.u8(5);
    writer.i32(value);
  } else {
    writer.u8(1);
    writer.i64(BigInt(value));
  }
}

function writeObject(writer: Writer, value: object | null, path: string): void {
  if (value === null) return writer.u8(0);
  if (ArrayBuffer.isView(value)) {
    writer.u8(4);
    return writer.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (value instanceof ArrayBuffer) {
    writer.u8(4);
    return writer.bytes(new Uint8Array(value));
  }
  writer.u8(3);
  writer.text(jsonText(value, "", path, []));
}

// JSON.stringify, but for what it would drop or change in silence. `around` are the objects that hold
// this one.
function jsonText(value: unknown, key: string, path: string, around: readonly object[]): string {
  const plain = plainOf(value, key);
  switch (typeof plain) {
    case "string":
      return JSON.stringify(wellFormed(plain, path));
    case "number":
      if (!Number.isFinite(plain)) throw unstorable(plain, path);
      return JSON.stringify(plain);
    case "boolean":
      return String(plain);
    case "object":
      break;
    default:
      throw unstorable(plain, path);
  }
  if (plain === null) return "null";
  if (around.includes(plain))
    throw invalid(`${path} refers back to an object that holds it: a cycle`);
  if (around.length >= kJsonDepthMax)
    throw invalid(`${path} is nested deeper than ${kJsonDepthMax}`);
  const inside = [...around, plain];
  if (Array.isArray(plain)) {
    const items = plain as readonly unknown[];
    const texts = [...items.keys()].map((i) =>
      jsonText(items[i], String(i), `${path}[${i}]`, inside),
    );
    return `[${texts.join(",")}]`;
  }
  if (ArrayBuffer.isView(plain) || plain instanceof ArrayBuffer || isCollection(plain)) {
    throw unstorable(plain, path);
  }
  const members = Object.entries(plain).map(([name, item]) => {
    const at = member(path, name);
    return `${JSON.stringify(wellFormed(name, at))}:${jsonText(item, name, at, inside)}`;
  });
  return `{${members.join(",")}}`;
}

// What JSON.stringify would look at: the answer of toJSON, and the inside of a boxed primitive.
function plainOf(value: unknown, key: string): unknown {
  const answer =
    typeof value === "object" &&
    value !== null &&
    "toJSON" in value &&
    typeof value.toJSON === "function"
      ? (value.toJSON as (key: string) => unknown)(key)
      : value;
  const boxed = answer instanceof Number || answer instanceof String || answer instanceof Boolean;
  return boxed ? answer.valueOf() : answer;
}

function isCollection(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof WeakMap ||
    value instanceof WeakSet
  );
}

function unstorable(value: unknown, path: string): TablogError {
  return invalid(`${path} cannot be stored: it is ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object (${Object.prototype.toString.call(value).slice(8, -1)})`;
}

function member(path: string, name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `${path}.${name}`
    : `${path}[${JSON.stringify(name)}]`;
}
