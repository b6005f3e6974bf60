// The types of the public API: this file compiles, and each expected error is one.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import {
  defineSchema,
  type EventArguments,
  type ParameterNames,
  type Store,
} from "../../web/src/index.js";

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => undefined;

export const schema = defineSchema({
  version: 1,
  migrations: ["CREATE TABLE todo(id INTEGER PRIMARY KEY, title TEXT, done INT)"],
  events: {
    "todo.added": `INSERT INTO todo(id, title, done) VALUES (:id, :title, 0)`,
    "todo.cleared": `DELETE FROM todo`,
    "todo.stamped": `
      -- don't take :this for a parameter, it's a comment
      INSERT INTO todo(title) VALUES (strftime('%H:%M :no', :$time / 1000, 'it''s :neither') || :suffix_2);
      /* nor ':that' */ UPDATE todo SET done = :done WHERE id = :$index`,
  },
});

holds<Same<ParameterNames<"SELECT 1">, never>>();
holds<Same<ParameterNames<"VALUES (:a,:b_2)">, "a" | "b_2">>();
holds<Same<ParameterNames<"VALUES (:$index, ':no', :yes)">, "yes">>();
holds<Same<ParameterNames<"SELECT :a -- ':b'\n, :c">, "a" | "c">>();
holds<Same<ParameterNames<"SELECT :a /* :b */ -- :c">, "a">>();
holds<Same<ParameterNames<string>, string>>();
holds<Same<keyof EventArguments<typeof schema, "todo.stamped">, "suffix_2" | "done">>();

// Never run: only its types count.
export async function typed(store: Store<typeof schema>, loose: Store): Promise<void> {
  await store.append("todo.added", { id: 1, title: "milk" });
  await store.append(
    "todo.added",
    { id: 1n, title: null },
    { durability: "relaxed", expectedIndex: 3 },
  );
  await store.append("todo.cleared");
  await store.append("todo.cleared", {}, { durability: "full" });
  // @ts-expect-error no such event
  await store.append("todo.removed", { id: 1 });
  // @ts-expect-error a missing parameter
  await store.append("todo.added", { id: 1 });
  // @ts-expect-error no arguments at all
  await store.append("todo.added");
  // @ts-expect-error an extra parameter
  await store.append("todo.added", { id: 1, title: "milk", done: 1 });
  // @ts-expect-error a parameter that the event does not have
  await store.append("todo.cleared", { id: 1 });
  // @ts-expect-error a value that cannot be stored
  await store.append("todo.added", { id: undefined, title: "milk" });
  // @ts-expect-error nor this
  await store.append("todo.added", { id: 1, title: () => "milk" });
  // @ts-expect-error no such option value
  await store.append("todo.cleared", {}, { durability: "some" });

  await store.appendBatch([
    { type: "todo.cleared" },
    { type: "todo.added", args: { id: 1, title: "milk" } },
  ]);
  // @ts-expect-error arguments of another event
  await store.appendBatch([{ type: "todo.added", args: { suffix_2: "", done: 1 } }]);

  await loose.append("anything", { at: "all", tags: ["a", { b: 1 }], when: new Date() });

  const rows = await store.query<{ id: number }>("SELECT id FROM todo WHERE id = :id", { id: 1 });
  rows[0]?.id.toFixed();
  const { changes } = await store.exec("DELETE FROM todo WHERE id = ?", [1]);
  changes.toFixed();
  for await (const entry of store.read({ from: 1, control: true })) {
    if (entry.kind === "event") entry.type.toUpperCase();
    // @ts-expect-error a term start has no type
    if (entry.kind === "term") entry.type.toUpperCase();
  }
  store.addEventListener("statuschange", (event) => event.detail.pending.toFixed());
  store.addEventListener("error", ({ error }) => error.code.toLowerCase());
  // @ts-expect-error no such event
  store.addEventListener("change", () => undefined);
  await using again = store;
  const stop = again.watch<{ n: number }>("SELECT 1 AS n").subscribe(([row]) => row?.n.toFixed());
  stop();
  for await (const watched of again.watch("SELECT 1")) watched.length.toFixed();
  // @ts-expect-error a callback takes rows
  again.watch("SELECT 1").subscribe((count: number) => count.toFixed());
}

test("the public types check what they promise", () => {
  const project = "tests/web/tsconfig.tests.json";
  try {
    execFileSync("node_modules/.bin/tsc", ["--project", project], { encoding: "utf8" });
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout);
  }
});
