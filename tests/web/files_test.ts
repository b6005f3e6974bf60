import assert from "node:assert/strict";
import { test } from "node:test";
import { FileTable, type SyncFile } from "../../web/src/files.js";
import { MemoryFile, MemoryFiles } from "../../web/src/memory_files.js";

function tableOf(overrides: Partial<SyncFile>): { table: FileTable; handle: number } {
  const table = new FileTable();
  const file = new MemoryFile();
  const handle = table.add({
    read: (into: Uint8Array, options: { at: number }) => file.read(into, options),
    write: (from: Uint8Array, options: { at: number }) => file.write(from, options),
    flush: () => file.flush(),
    getSize: () => file.getSize(),
    truncate: (size: number) => file.truncate(size),
    close: () => file.close(),
    ...overrides,
  });
  return { table, handle };
}

test("files in memory read what was written, short at their end, zeros in their holes", () => {
  const { table, handle } = tableOf({});
  assert.equal(table.write(handle, 5000, Uint8Array.of(1, 2, 3)), 3);
  assert.equal(table.size(handle), 5003);
  const into = new Uint8Array(4).fill(9);
  assert.equal(table.read(handle, 5001, into), 2);
  assert.deepEqual([...into], [2, 3, 9, 9]);
  assert.equal(table.read(handle, 4998, into), 4);
  assert.deepEqual([...into], [0, 0, 1, 2]);
  assert.equal(table.truncate(handle, 5001), 0);
  assert.equal(table.truncate(handle, 5003), 0);
  assert.equal(table.read(handle, 5000, into), 3);
  assert.deepEqual([...into.subarray(0, 3)], [1, 0, 0]);
  assert.equal(table.read(handle, 9000, into), 0);
});

test("a full disk is told as such, however the browser tells it", () => {
  const full = (): never => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const thrown = tableOf({ write: full });
  assert.equal(thrown.table.write(thrown.handle, 0, new Uint8Array(1)), -2);
  assert.match(thrown.table.lastError(), /QuotaExceededError.*; at least 1 bytes are missing/);
  const counted = tableOf({ write: () => 4294967288 });
  assert.equal(counted.table.write(counted.handle, 0, new Uint8Array(1)), -2);
  const silent = tableOf({ truncate: () => undefined });
  assert.equal(silent.table.truncate(silent.handle, 10), -2);
  const short = tableOf({ write: () => 1 });
  assert.equal(short.table.write(short.handle, 0, new Uint8Array(3)), 1);
});

test("any other failure is an I/O error with its words", () => {
  const broken = tableOf({
    flush: () => {
      throw new DOMException("gone", "InvalidStateError");
    },
  });
  assert.equal(broken.table.flush(broken.handle), -1);
  assert.match(broken.table.lastError(), /InvalidStateError: gone/);
  assert.equal(broken.table.size(77), -1);
  broken.table.closeAll();
  assert.equal(broken.table.size(broken.handle), -1);
});

test("slots in memory outlive their handles", async () => {
  const files = new MemoryFiles();
  const first = await files.open(2, 1);
  const [slot] = first.log;
  files.table.write(slot?.handle ?? 0, 0, Uint8Array.of(7));
  files.closeAll();
  await files.create("pool");
  const again = await files.open(1, 1);
  assert.deepEqual([again.log.length, again.pool.length], [2, 2]);
  const same = again.log.find(({ name }) => name === slot?.name);
  assert.equal(files.table.size(same?.handle ?? 0), 1);
});

test("files that are abandoned are not closed, and not open any more", () => {
  const { table, handle } = tableOf({
    close: () => assert.fail("a deleted file's close() may never return"),
  });
  table.abandonAll();
  table.closeAll();
  assert.equal(table.size(handle), -1);
  assert.match(table.lastError(), /not open/);
});
