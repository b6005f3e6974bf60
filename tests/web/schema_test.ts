import assert from "node:assert/strict";
import { test } from "node:test";
import { TablogError } from "../../web/src/errors.js";
import { defineSchema, sameSchema } from "../../web/src/schema.js";
import { settle } from "../../web/src/options.js";

const good = {
  version: 1,
  migrations: ["CREATE TABLE t(a)"],
  events: { add: "INSERT INTO t VALUES (:a)" },
};

function refused(define: () => unknown, words: RegExp): void {
  assert.throws(define, (error) => {
    assert.ok(error instanceof TablogError);
    assert.equal(error.code, "InvalidArgument");
    assert.match(error.message, words);
    return true;
  });
}

test("a schema is checked and frozen", () => {
  const schema = defineSchema(good);
  assert.ok(
    Object.isFrozen(schema) && Object.isFrozen(schema.events) && Object.isFrozen(schema.migrations),
  );
});

test("a schema that is not one is refused, in words", () => {
  const define = defineSchema as (definition: unknown) => unknown;
  refused(() => define(null), /object/);
  refused(() => define({ ...good, version: 0 }), /schema\.version/);
  refused(() => define({ ...good, version: 1.5 }), /schema\.version/);
  refused(() => define({ ...good, version: 2 }), /2 of them/);
  refused(() => define({ ...good, migrations: [1] }), /schema\.migrations\[0\]/);
  refused(() => define({ ...good, events: { add: "  " } }), /no SQL/);
  refused(() => define({ ...good, events: { add: 1 } }), /schema\.events\["add"\]/);
  refused(() => define({ ...good, events: { "": "SELECT 1" } }), /empty/);
  refused(() => define({ ...good, upcasters: {} }), /not supported/);
});

test("schemas are the same by their text, whatever the order of their events", () => {
  const a = defineSchema({ ...good, events: { x: "X", y: "Y" } });
  assert.ok(sameSchema(a, defineSchema({ ...good, events: { y: "Y", x: "X" } })));
  assert.ok(!sameSchema(a, defineSchema({ ...good, events: { x: "X", y: "Z" } })));
});

test("options are checked, and what is not there yet says so", () => {
  const schema = defineSchema(good);
  const open = settle as (options: unknown) => unknown;
  refused(() => open({ name: "", schema }), /^name /);
  refused(() => open({ name: "n", schema: good }), /defineSchema/);
  refused(() => open({ name: "n", schema, onUpgrade: "rebuild" }), /not supported/);
  refused(
    () => open({ name: "n", schema, durability: "some" }),
    /durability must be "full" or "relaxed"/,
  );
  refused(() => open({ name: "n", schema, storage: "disk" }), /storage/);
  refused(() => open({ name: "n", schema, replicaMaxBytes: -1 }), /replicaMaxBytes/);
});
