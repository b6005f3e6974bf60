import assert from "node:assert/strict";
import { test } from "node:test";
import { writeNamed, writeParameters } from "../../web/src/arguments.js";
import { readValue } from "../../web/src/boundary_results.js";
import { Reader, encode } from "../../web/src/bytes.js";
import { TablogError } from "../../web/src/errors.js";

function stored(value: unknown): unknown {
  const reader = new Reader(encode((w) => writeNamed(w, { value }, "args")));
  assert.equal(reader.u32(), 1);
  assert.equal(reader.text(), "value");
  const result = readValue(reader);
  assert.ok(reader.done);
  return result;
}

function tagOf(value: unknown): number | undefined {
  return encode((w) => writeParameters(w, [value]))[4 + 4 + 1];
}

function refusal(args: unknown): string {
  try {
    encode((w) => writeNamed(w, args, "args"));
  } catch (error) {
    assert.ok(error instanceof TablogError);
    assert.equal(error.code, "InvalidArgument");
    return error.message;
  }
  return assert.fail("it was not refused");
}

test("numbers, text, bytes and null come back as they went", () => {
  const values = [
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 31) - 1,
    Number.MAX_SAFE_INTEGER,
    0.5,
    1e300,
    "",
    "zürich 🚲",
    null,
  ];
  for (const value of values) assert.equal(stored(value), value);
  assert.deepEqual(stored(Uint8Array.of(1, 2)), Uint8Array.of(1, 2));
  assert.deepEqual(stored(new Uint16Array([258])), Uint8Array.of(2, 1));
  assert.deepEqual(stored(Uint8Array.of(1, 2).buffer), Uint8Array.of(1, 2));
});

test("integers are INTEGER, other numbers and minus zero are REAL", () => {
  assert.equal(tagOf(7), 5);
  assert.equal(tagOf(2 ** 40), 1);
  assert.equal(tagOf(2 ** 53), 2);
  assert.equal(tagOf(-0), 2);
  assert.ok(Object.is(stored(-0), -0));
});

test("bigints within 64 bits are INTEGER", () => {
  assert.equal(stored(2n ** 63n - 1n), 2n ** 63n - 1n);
  assert.equal(stored(-(2n ** 63n)), -(2n ** 63n));
  assert.equal(stored(5n), 5);
  assert.match(refusal({ id: 2n ** 63n }), /^args\.id is beyond 64 bits/);
});

test("booleans are 1 and 0", () => {
  assert.equal(stored(true), 1);
  assert.equal(stored(false), 0);
});

test("objects and arrays become JSON text as JSON.stringify has it", () => {
  const values = [
    {},
    [],
    { a: [1, "zwei", null, true, { b: -0 }] },
    new Date(0),
    [new String("boxed"), new Number(1)],
    { toJSON: () => ({ x: 1 }) },
    { 'a"b': "\n" },
  ];
  for (const value of values) assert.equal(stored(value), JSON.stringify(value));
});

test("arguments are copied at the call", () => {
  const bytes = Uint8Array.of(1);
  const encoded = encode((w) => writeParameters(w, [bytes]));
  bytes[0] = 9;
  assert.equal(encoded.at(-1), 1);
});

test("what cannot be stored is refused, and its path is named", () => {
  assert.match(
    refusal({ items: [0, 0, { price: NaN }] }),
    /^args\.items\[2\]\.price cannot .* NaN/,
  );
  assert.match(refusal({ x: Infinity }), /^args\.x .*Infinity/);
  assert.match(refusal({ x: undefined }), /^args\.x .*undefined/);
  assert.match(refusal({ x: { y: undefined } }), /^args\.x\.y /);
  assert.match(refusal({ x: [undefined] }), /^args\.x\[0\] /);
  assert.match(refusal({ x: () => 1 }), /^args\.x .*function/);
  assert.match(refusal({ x: Symbol("s") }), /^args\.x .*symbol/);
  assert.match(refusal({ x: [1n] }), /^args\.x\[0\] .*bigint/);
  assert.match(refusal({ x: "\ud800" }), /^args\.x has a lone surrogate/);
  assert.match(refusal({ x: { "\udc00": 1 } }), /lone surrogate/);
  assert.match(refusal({ x: ["a\udfff"] }), /^args\.x\[0\] has a lone surrogate/);
  assert.match(refusal({ x: { "a b": NaN } }), /^args\.x\["a b"\] /);
  assert.match(refusal({ x: [Uint8Array.of(1)] }), /^args\.x\[0\] /);
  assert.match(refusal({ x: { m: new Map() } }), /^args\.x\.m .*Map/);
});

test("cycles are refused", () => {
  const node: Record<string, unknown> = {};
  node["self"] = { inner: [node] };
  assert.match(refusal({ node }), /^args\.node\.self\.inner\[0\] .*cycle/);
  let deep: unknown = 0;
  for (let i = 0; i < 5000; ++i) deep = [deep];
  assert.match(refusal({ deep }), /nested deeper than 1000/);
});

test("the same object twice is no cycle", () => {
  const shared = { a: 1 };
  assert.equal(stored([shared, shared]), '[{"a":1},{"a":1}]');
});

test("arguments that are no object are refused", () => {
  for (const args of [null, 1, "x", [1]]) assert.match(refusal(args), /^args must be an object/);
});

test("arguments over 16 MiB are TooLarge", () => {
  const args = { blob: new Uint8Array(2 ** 24) };
  assert.throws(
    () => encode((w) => writeNamed(w, args, "args")),
    (error) => error instanceof TablogError && error.code === "TooLarge",
  );
});
