import assert from "node:assert/strict";
import { test } from "node:test";
import { TablogError } from "../../web/src/errors.js";
import { anySchema, defineSchema, sameSchema, type Schema } from "../../web/src/schema.js";
import { schemaFlags, settle } from "../../web/src/options.js";

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

test("anySchema is of no app, and no app can define such a one", () => {
  assert.ok(Object.isFrozen(anySchema));
  refused(() => defineSchema({ version: 0, migrations: [], events: {} }), /schema\.version/);
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
  refused(() => define({ ...good, upcasters: 1 }), /upcasters must be an object/);
});

test("upcasters are of events that there are, and from older versions", () => {
  const define = defineSchema as (definition: unknown) => unknown;
  const later = { ...good, version: 3, migrations: ["A", "B", "C"] };
  const add = (add: unknown): unknown => define({ ...later, upcasters: { add } });
  const args = "json_object('a', :a)";
  refused(() => define({ ...later, upcasters: { gone: { from: 1, args } } }), /no such event/);
  refused(() => add({ from: 3, args }), /older version than 3/);
  refused(() => add({ from: 0, args }), /older version than 3/);
  refused(() => add({ from: 1, args: " " }), /no SQL/);
  const from1 = { from: 1, args };
  refused(() => add([from1, from1]), /two from version 1/);
  const one = add([from1, { from: 2, args }]) as Schema;
  const other = add([{ from: 2, args }, from1]) as Schema;
  assert.ok(sameSchema(one, other));
  assert.ok(!sameSchema(one, defineSchema(later)));
});

test("schemas are the same by their text, whatever the order of their events", () => {
  const a = defineSchema({ ...good, events: { x: "X", y: "Y" } });
  assert.ok(sameSchema(a, defineSchema({ ...good, events: { y: "Y", x: "X" } })));
  assert.ok(!sameSchema(a, defineSchema({ ...good, events: { x: "X", y: "Z" } })));
});

test("what a rebuild leaves out is told in the schema entry", () => {
  assert.equal(schemaFlags({}), 0);
  assert.equal(schemaFlags({ rebuild: { unknownEvents: "skip" } }), 0);
  assert.equal(schemaFlags({ onUpgrade: "rebuild" }), 1);
  const rebuild = { unknownEvents: "skip", execEntries: "skip", compacted: "fail" } as const;
  assert.equal(schemaFlags({ onUpgrade: "rebuild", rebuild }), 11);
});

test("options are checked", () => {
  const schema = defineSchema(good);
  const open = settle as (options: unknown) => unknown;
  refused(() => open({ name: "", schema }), /^name /);
  refused(() => open({ name: "n", schema: good }), /defineSchema/);
  refused(() => open({ name: "n", schema, onUpgrade: "anew" }), /"migrate" or "rebuild"/);
  refused(() => open({ name: "n", schema, rebuild: { compacted: 1 } }), /rebuild\.compacted/);
  refused(
    () => open({ name: "n", schema, durability: "some" }),
    /durability must be "full" or "relaxed"/,
  );
  refused(() => open({ name: "n", schema, storage: "disk" }), /storage/);
  refused(() => open({ name: "n", schema, replicaMaxBytes: -1 }), /replicaMaxBytes/);
});
