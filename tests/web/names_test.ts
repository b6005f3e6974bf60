import assert from "node:assert/strict";
import { test } from "node:test";
import { channelNames, encodeName, lockNames, requireName, tabsOf } from "../../web/src/names.js";
import { TablogError } from "../../web/src/errors.js";

const encodeText = (name: string): Promise<string> => encodeName(name, crypto.subtle);

test("plain names stay as they are", async () => {
  assert.equal(await encodeText("notes"), "notes");
  assert.equal(await encodeText("my_store-2.v1"), "my_store-2.v1");
});

test("what means something to a file system is percent-encoded", async () => {
  assert.equal(await encodeText(".."), "%2E.");
  assert.equal(await encodeText("a/b"), "a%2Fb");
  assert.equal(await encodeText("%2E."), "%252E.");
  assert.equal(await encodeText("🚲"), "%F0%9F%9A%B2");
});

test("long names are a prefix and a hash, and differ", async () => {
  const [a, b] = await Promise.all([encodeText("x".repeat(300)), encodeText("x".repeat(301))]);
  assert.match(a, /^x{40}~[0-9a-f]{64}$/);
  assert.notEqual(a, b);
  assert.match(await encodeText("🚲".repeat(100)), /^(%[0-9A-F]{2})+~[0-9a-f]{64}$/);
});

test("names that are no text of 1 to 1024 units are refused", () => {
  for (const name of ["", "x".repeat(1025), "\ud800", 7, undefined, null]) {
    assert.throws(
      () => requireName(name),
      (error) =>
        error instanceof TablogError &&
        error.code === "InvalidArgument" &&
        /^name /.test(error.message),
    );
  }
  assert.equal(requireName("x".repeat(1024)).length, 1024);
});

test("the tabs are read from the locks that are held", () => {
  const tab = "00112233445566778899aabbccddeeff";
  const held = [
    lockNames.tab("notes", tab),
    lockNames.tab("other", tab),
    lockNames.leader("notes"),
    undefined,
  ];
  assert.deepEqual(tabsOf(held, "notes"), [tab]);
  assert.equal(channelNames.inbox("notes", tab, "leader"), `tablog/notes/${tab}/l`);
});
