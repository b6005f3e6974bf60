import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { rehearse } from "../../web/src/rehearsal.js";

test("a rehearsal begins a term of a new store, and the next one of what was left", async () => {
  const module = await WebAssembly.compile(new Uint8Array(await readFile("dist/tablog.wasm")));
  const [first = 0, second = 0] = await rehearse(module);
  assert.ok(first > 0);
  assert.equal(second, first + 1);
});
