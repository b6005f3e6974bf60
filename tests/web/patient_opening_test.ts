import assert from "node:assert/strict";
import { test } from "node:test";
import { PatientOpening, type ExclusiveFile } from "../../web/src/patient_opening.js";

/** Files that are held while `isHeld` says so of the number of attempts, and which ones were tried. */
class HeldFiles {
  readonly tried: string[] = [];
  readonly #isHeld: (attempts: number) => boolean;

  constructor(isHeld: (attempts: number) => boolean) {
    this.#isHeld = isHeld;
  }

  file(name: string, error?: string): ExclusiveFile<string> {
    const createSyncAccessHandle = async (): Promise<string> => {
      this.tried.push(name);
      if (this.#isHeld(this.tried.length))
        throw new DOMException("held", "NoModificationAllowedError");
      if (error !== undefined) throw new DOMException("gone", error);
      return name;
    };
    return { createSyncAccessHandle, getFile: () => Promise.reject(new Error("not asked here")) };
  }
}

test("of files that are held one is tried until it opens, and then the others", async () => {
  const held = new HeldFiles((attempts) => attempts <= 6);
  const together = new PatientOpening(1000, () => true);
  const opened = await Promise.all(["a", "b", "c"].map((name) => together.open(held.file(name))));
  assert.deepEqual(opened, ["a", "b", "c"]);
  assert.deepEqual(held.tried.slice(0, 7), ["a", "b", "c", "a", "a", "a", "a"]);
  assert.deepEqual(held.tried.slice(7).sort(), ["b", "c"]);
});

test("files that are free are opened at once", async () => {
  const free = new HeldFiles(() => false);
  const together = new PatientOpening(0, () => true);
  await Promise.all(["a", "b"].map((name) => together.open(free.file(name))));
  assert.deepEqual(free.tried, ["a", "b"]);
});

test("what is still held at the end of the patience is told of each file", async () => {
  const held = new HeldFiles(() => true);
  const together = new PatientOpening(20, () => true);
  const outcomes = await Promise.allSettled(
    ["a", "b"].map((name) => together.open(held.file(name))),
  );
  for (const outcome of outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.equal(outcome.reason.name, "NoModificationAllowedError");
  }
});

test("a file that is gone by the time it is free does not keep the others from opening", async () => {
  const held = new HeldFiles((attempts) => attempts <= 3);
  const together = new PatientOpening(1000, () => true);
  const gone = together.open(held.file("gone", "NotFoundError"));
  const other = together.open(held.file("other"));
  await assert.rejects(gone, { name: "NotFoundError" });
  assert.equal(await other, "other");
});

test("nothing is tried again once nobody wants the files", async () => {
  const held = new HeldFiles(() => true);
  const together = new PatientOpening(1000, () => held.tried.length < 3);
  await assert.rejects(together.open(held.file("a")), { name: "NoModificationAllowedError" });
  assert.deepEqual(held.tried, ["a", "a", "a"]);
});
