import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePageOutput, inputs, payloads, several } from "../../web/src/boundary_page.js";
import { decodeLeaderOutput, leaderInputs, replicaInputs } from "../../web/src/boundary_worker.js";
import { readEntry, readRows } from "../../web/src/boundary_results.js";
import { Reader, encode, frames } from "../../web/src/bytes.js";
import { TablogError } from "../../web/src/errors.js";
import { defineSchema } from "../../web/src/schema.js";

const client = "00112233445566778899aabbccddeeff";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("numbers are little-endian, and 64 bits wide where the table says so", () => {
  const bytes = encode((w) => {
    w.u64(2 ** 53 - 1);
    w.i64(-2n);
    w.f64(1.5);
    w.text("ä");
    w.id(client);
    w.optionU64(undefined);
    w.optionU64(7);
  });
  assert.equal(
    hex(bytes),
    "ffffffffffff1f00" +
      "feffffffffffffff" +
      "000000000000f83f" +
      "02000000c3a4" +
      client +
      "00" +
      "010700000000000000",
  );
  const reader = new Reader(bytes);
  assert.equal(reader.u64(), 2 ** 53 - 1);
  assert.equal(reader.i64(), -2n);
  assert.equal(reader.f64(), 1.5);
  assert.equal(reader.text(), "ä");
  assert.equal(reader.id(), client);
  assert.equal(
    reader.option(() => reader.u64()),
    undefined,
  );
  assert.equal(
    reader.option(() => reader.u64()),
    7,
  );
  assert.ok(reader.done);
});

test("configure carries the whole schema", () => {
  const schema = defineSchema({
    version: 2,
    migrations: ["M", "N"],
    events: { e: "S" },
    upcasters: { e: { from: 1, args: "A" } },
  });
  const bytes = encode((w) =>
    inputs.configure(w, {
      client,
      replica: "none",
      replicaMaxBytes: 5,
      leaderTimeout: 3000,
      schema,
      schemaFlags: 3,
    }),
  );
  const text = (value: string): string => `01000000${Buffer.from(value).toString("hex")}`;
  assert.equal(
    hex(bytes),
    "00" +
      client +
      "01" +
      "0500000000000000" +
      "b80b0000" +
      "02000000" +
      "02000000" +
      text("M") +
      text("N") +
      "01000000" +
      text("e") +
      text("S") +
      "01000000" +
      text("e") +
      "01000000" +
      text("A") +
      "03000000",
  );
});

test("the calls of a task are one input, several", () => {
  const append = {
    number: 1,
    settledThrough: 0,
    durability: "relaxed",
    optimistic: true,
    expectedIndex: undefined,
    reads: [],
    payload: Uint8Array.of(payloads.void),
    handed: false,
  } as const;
  const bytes = several((w) => {
    w.frame(() => inputs.append(w, append));
    w.frame(() => inputs.checkpoint(w, 9));
  });
  assert.equal(
    hex(bytes ?? new Uint8Array()),
    "0d" +
      "02000000" +
      "19000000" +
      "01" +
      "0100000000000000" +
      "0000000000000000" +
      "01" +
      "01" +
      "00" +
      "00000000" +
      "02" +
      "05000000" +
      "0409000000",
  );
  assert.equal(
    several(() => undefined),
    undefined,
  );
});

test("a settled append is told with its place or its error", () => {
  const accepted = encode((w) => {
    w.u8(3);
    w.u64(4);
    w.u8(0);
    w.u64(10);
    w.u32(2);
    w.u64(2 ** 33);
    w.f64(1.5);
    w.i64(3n);
    w.bool(false);
  });
  assert.deepEqual(decodePageOutput(accepted), {
    kind: "settled",
    number: 4,
    result: { firstIndex: 10, count: 2, term: 2 ** 33, time: 1.5, changes: 3, voided: false },
  });
  const rejected = encode((w) => {
    w.u8(3);
    w.u64(4);
    w.u8(1);
    w.u8(2);
    w.text("words");
    w.optionU64(41);
    w.optionU64(undefined);
    w.u8(1);
  });
  const output = decodePageOutput(rejected);
  assert.ok(output.kind === "settled" && output.result instanceof TablogError);
  assert.equal(output.result.code, "Conflict");
  assert.equal(output.result.index, 41);
  assert.equal(output.result.outcome, "unknown");
  assert.equal(output.result.message, "words");
});

test("a query says what its page was told of", () => {
  const query = {
    consistency: "local",
    told: { index: 258, noted: 1 },
    statement: Uint8Array.of(7),
  } as const;
  assert.equal(
    hex(encode((w) => inputs.query(w, 5, query))),
    "02" + "05000000" + "02" + "0201000000000000" + "01000000" + "07",
  );
});

test("rows keep integers that a number cannot hold", () => {
  const bytes = encode((w) => {
    w.list(["a", "b"], (column) => w.text(column));
    w.u32(1);
    w.u8(1);
    w.i64(2n ** 60n);
    w.u8(4);
    w.bytes(Uint8Array.of(1));
  });
  assert.deepEqual(readRows(new Reader(bytes)), [{ a: 2n ** 60n, b: Uint8Array.of(1) }]);
});

test("text that is not UTF-8 has U+FFFD for what is not, a BOM stays, and a column may have any name", () => {
  const bytes = encode((w) => {
    w.list(["a", "__proto__"], (column) => w.text(column));
    w.u32(1);
    for (const text of [
      [0x61, 0xff],
      [0xef, 0xbb, 0xbf, 0x62],
    ]) {
      w.u8(3);
      w.bytes(Uint8Array.from(text));
    }
  });
  const [row] = readRows(new Reader(bytes));
  assert.deepEqual(Object.entries(row ?? {}), [
    ["a", "a\ufffd"],
    ["__proto__", "\ufeffb"],
  ]);
});

test("an entry names its client, or none", () => {
  const bytes = encode((w) => {
    w.u64(1);
    w.u64(2);
    w.f64(3);
    w.id("0".repeat(32));
    w.u64(0);
    w.u32(0);
    w.u32(1);
    w.u32(1);
    w.u8(3);
    w.id(client);
  });
  const entry = readEntry(new Reader(bytes));
  assert.equal(entry.client, null);
  assert.ok(entry.kind === "term" && entry.leader === client);
});

test("a leader's outputs and inputs stand as in the table", () => {
  const openFiles = Uint8Array.of(4, 2, 0, 0, 0, 6, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0);
  assert.deepEqual(decodeLeaderOutput(openFiles), {
    kind: "openFiles",
    log: 2,
    pool: 6,
    fork: true,
    adopt: 9,
  });
  assert.deepEqual(decodeLeaderOutput(Uint8Array.of(15)), { kind: "armWork" });
  assert.deepEqual(decodeLeaderOutput(Uint8Array.of(8, 2, 7, 0, 0, 0, 0, 0, 0, 0)), {
    kind: "role",
    role: "leading",
    term: 7,
  });
  assert.equal(
    hex(leaderInputs.slotAdded("pool", { name: "x", handle: 3 })),
    "080101000000" + "78" + "03000000",
  );
  assert.equal(
    hex(leaderInputs.filesOpened({ generation: 2, log: [{ name: "x", handle: 3 }], pool: [] })),
    "0202000000" + "0100000001000000" + "78" + "03000000" + "00000000",
  );
  assert.equal(
    hex(leaderInputs.locksSeen(0, true, [], client)),
    "07" + "0000000000000000" + "01" + "00000000" + client,
  );
  assert.equal(hex(leaderInputs.forkLock(true)), "0b01");
  assert.equal(hex(leaderInputs.newestSnapshot(9)), "0c" + "0900000000000000");
  assert.equal(hex(leaderInputs.filesFailed("StorageUnavailable", "w")), "030c01000000770000");
  assert.equal(hex(replicaInputs.message(Uint8Array.of(5, 6))), "09020000000506");
  const configuration = {
    client,
    fresh: client,
    seed: 1n,
    memory: true,
    schemaVersion: 3,
    keepsSnapshots: true,
  };
  assert.equal(
    hex(leaderInputs.configure(configuration)),
    "00" + client + client + "0100000000000000" + "03000000" + "01" + "01",
  );
  const settled = Uint8Array.of(11, ...[4, 0, 0, 0, 0, 0, 0, 0], 0, ...new Uint8Array(37));
  assert.deepEqual(decodeLeaderOutput(settled), { kind: "settled", output: settled });
  const told = decodePageOutput(settled);
  assert.ok(told.kind === "settled" && told.number === 4);
});

test("a field beyond its buffer is an error, not a read", () => {
  assert.throws(() => [...frames(Uint8Array.of(5, 0, 0, 0, 1))], RangeError);
  assert.throws(() => decodePageOutput(Uint8Array.of(3, 1)), RangeError);
});
