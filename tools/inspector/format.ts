// How numbers, times, ids and values are written.

import type { ColumnValue } from "tablog";

const kTextMax = 2000;
const kBlobBytesMax = 32;
const kUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

const kCounts = new Intl.NumberFormat("en-US");

export function count(n: number): string {
  return kCounts.format(n);
}

export function bytes(n: number): string {
  const power = n < 1024 ? 0 : Math.min(Math.floor(Math.log2(n) / 10), kUnits.length - 1);
  const value = n / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${kUnits[power]}`;
}

export function milliseconds(ms: number): string {
  return ms >= 1000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${ms === 0 ? "0" : ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

const kTimeMax = 8.64e15; // of a Date; what a file says may be beyond

export function isoTime(ms: number): string | undefined {
  return Math.abs(ms) <= kTimeMax ? new Date(ms).toISOString() : undefined;
}

/** The local time of day, to the millisecond. */
export function clock(ms: number): string {
  if (isoTime(ms) === undefined) return `${ms} ms`;
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

export function dateAndClock(ms: number): string {
  if (isoTime(ms) === undefined) return `${ms} ms since 1970`;
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

// Controls, and what turns or hides the text beside it; tabs and line ends are shown as such.
const kInvisible =
  /[\0-\x08\v-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** With escapes for what could not be seen, or would change how the rest is seen. */
export function visible(text: string): string {
  return text.replaceAll(
    kInvisible,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As much of a tab's id as tells the tabs of an origin apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Terms of a later generation of files: "2.5" is the fifth of the second. */
export function term(value: number): string {
  const generation = Math.floor(value / 2 ** 32);
  return generation === 0 ? String(value) : `${generation}.${value % 2 ** 32}`;
}

export type ValueKind = "null" | "number" | "text" | "blob";

export function kindOf(value: ColumnValue): ValueKind {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return "blob";
  return typeof value === "string" ? "text" : "number";
}

/** A value as SQL has it, cut where it is long. */
export function valueText(value: ColumnValue, textMax = kTextMax): string {
  if (value === null) return "NULL";
  if (value instanceof Uint8Array) {
    const shown = Array.from(value.subarray(0, kBlobBytesMax), (b) =>
      b.toString(16).padStart(2, "0"),
    );
    const rest = value.length > kBlobBytesMax ? `… ${count(value.length)} bytes` : "";
    return `x'${shown.join("")}'${rest}`;
  }
  if (typeof value !== "string") return String(value);
  return value.length > textMax
    ? `${value.slice(0, textMax)}… ${count(value.length)} characters`
    : value;
}

/** The arguments of an entry on one line. */
export function argsText(args: Readonly<Record<string, ColumnValue>>, textMax = 80): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}=${quoted(value, textMax)}`)
    .join("  ");
}

function quoted(value: ColumnValue, textMax: number): string {
  const text = valueText(value, textMax);
  return typeof value === "string" ? `"${text}"` : text;
}
