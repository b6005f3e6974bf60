// Writer and Reader: the primitive fields of docs/boundary.md, little-endian and unaligned.

const encoder = new TextEncoder();
// SQLite's text need not be well-formed: U+FFFD stands for what is not. A BOM is a character as any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** 128 bits: a client, as the 32 hexadecimal characters that users see. */
export type Id = string;

export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #frames = 0;

  get length(): number {
    return this.#length;
  }

  /** How many `frame`s were written. */
  get frames(): number {
    return this.#frames;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  i32(value: number): void {
    this.u32(value >>> 0);
  }

  /** A count, index or number: a safe integer that is not negative. */
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  i64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Well-formed text only: a lone surrogate would come back as U+FFFD. */
  text(value: string): void {
    this.#reserve(4 + 3 * value.length);
    const into = this.#bytes.subarray(this.#length + 4);
    const { written } = encoder.encodeInto(value, into);
    this.u32(written);
    this.#length += written;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.byteLength);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.byteLength);
    this.#bytes.set(value, this.#length);
    this.#length += value.byteLength;
  }

  id(hex: Id): void {
    for (let i = 0; i < 32; i += 2) this.u8(parseInt(hex.slice(i, i + 2), 16));
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.u32(items.length);
    for (const item of items) write(item);
  }

  optionU64(value: number | undefined): void {
    this.bool(value !== undefined);
    if (value !== undefined) this.u64(value);
  }

  /** `u32 length` and what `write` writes: one `bytes` of a list or sequence. */
  frame(write: () => void): void {
    this.u32(0);
    const start = this.#length;
    write();
    this.setU32(start - 4, this.#length - start);
    this.#frames += 1;
  }

  /** Sets what was written as a u32 at `at`. */
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The bytes that `write` writes. */
export function encode(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}

/** Reads what C++ wrote. Out of bounds is a bug of ours and throws a RangeError. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  u8(): number {
    return this.#view.getUint8(this.#at++);
  }

  bool(): boolean {
    return this.u8() !== 0;
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  i32(): number {
    this.#at += 4;
    return this.#view.getInt32(this.#at - 4, true);
  }

  /** Indexes, terms, counts: safe integers all. */
  u64(): number {
    const low = this.u32();
    return this.u32() * 2 ** 32 + low;
  }

  i64(): bigint {
    this.#at += 8;
    return this.#view.getBigInt64(this.#at - 8, true);
  }

  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  text(): string {
    return decoder.decode(this.bytes());
  }

  /** Borrows from the buffer. */
  bytes(): Uint8Array {
    const length = this.u32();
    const start = this.#at;
    if (length > this.#bytes.byteLength - start) throw new RangeError("a field beyond its buffer");
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  id(): Id {
    let hex = "";
    for (let i = 0; i < 16; ++i) hex += this.u8().toString(16).padStart(2, "0");
    return hex;
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }

  option<T>(read: () => T): T | undefined {
    return this.bool() ? read() : undefined;
  }
}

/** The messages of a sequence of `u32 length, length bytes`. */
export function* frames(sequence: Uint8Array): Generator<Uint8Array> {
  const reader = new Reader(sequence);
  while (!reader.done) yield reader.bytes();
}
