// Open, append, query, read, export across tabs.
import { expect, test } from "./fixtures.js";

test("what one tab appends, every tab sees", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  const appended = await b.page.evaluate(() => store.append("item.added", { id: "x", tab: "b" }));
  expect(appended.index).toBeGreaterThan(0);
  expect(appended.term).toBeGreaterThan(0);
  expect(Math.abs(appended.time - Date.now())).toBeLessThan(60_000);
  const sql = "SELECT id, tab, at FROM item";
  const rows = [{ id: "x", tab: "b", at: appended.index }];
  expect(await b.query(sql)).toEqual(rows);
  expect(
    await a.page.evaluate((text) => store.query(text, [], { consistency: "linearizable" }), sql),
  ).toEqual(rows);
  await expect.poll(() => a.query(sql)).toEqual(rows);
});

test("what a leading tab has appended is in its very next query and in its status", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  await tab.openStore({ name });
  await expect.poll(() => tab.leads()).toBe(true);
  const missed = await tab.page.evaluate(async () => {
    const missed: string[] = [];
    const kinds = ["local", "session", "linearizable"] as const;
    for (let i = 0; i < 150; ++i) {
      const consistency = kinds[i % kinds.length] ?? "local";
      const { index } = await store.append("item.added", { id: `${i}`, tab: "t" });
      const { applied, head } = store.status;
      const [row] = await store.query<{ n: number }>("SELECT count(*) AS n FROM item", [], {
        consistency,
      });
      if (row?.n !== i + 1 || applied < index || head < index) missed.push(`${consistency} ${i}`);
    }
    return missed;
  });
  expect(missed).toEqual([]);
});

test("appends that are not awaited keep their order", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const ids = await b.page.evaluate(async () => {
    const calls = Array.from({ length: 500 }, (_, i) =>
      store.append("item.added", { id: `${i}`, tab: "b" }),
    );
    const indexes = (await Promise.all(calls)).map(({ index }) => index);
    const rows = await store.query<{ id: string }>("SELECT id FROM item ORDER BY seq");
    return { indexes, ids: rows.map(({ id }) => Number(id)) };
  });
  expect(ids.ids).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(ids.indexes).toEqual([...ids.indexes].sort((x, y) => x - y));
});

test("a batch is contiguous, all or none", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const result = await b.page.evaluate(async () => {
    const good = await store.appendBatch(
      ["x", "y", "z"].map((id) => ({ type: "item.added", args: { id, tab: "b" } })),
    );
    const bad = await lab.attempt(() =>
      store.appendBatch([
        { type: "item.added", args: { id: "lost", tab: "b" } },
        { type: "name.taken", args: { name: "" } },
      ]),
    );
    const none = await store.appendBatch([]);
    return {
      good: good.map(({ index }) => index),
      bad,
      none,
      rows: await store.query("SELECT id FROM item"),
    };
  });
  const [first = 0] = result.good;
  expect(result.good).toEqual([first, first + 1, first + 2]);
  expect(result.bad).toMatchObject({ code: "Rejected", outcome: "none" });
  expect(result.bad.message).toContain("CHECK");
  expect(result.none).toEqual([]);
  expect(result.rows).toEqual([{ id: "x" }, { id: "y" }, { id: "z" }]);
});

test("exec writes, changes tables, and tells the rows that it changed", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  const changes = await b.page.evaluate(async () => {
    await store.exec("CREATE TABLE extra(a, b)");
    const inserted = await store.exec("INSERT INTO extra VALUES (?, ?), (?2, ?1)", [1, "zwei"]);
    const updated = await store.exec("UPDATE extra SET b = :b WHERE a = :a", { a: 1, b: null });
    return [inserted.changes, updated.changes];
  });
  expect(changes).toEqual([2, 1]);
  await expect
    .poll(() => a.query("SELECT a, b FROM extra ORDER BY rowid").catch(() => []))
    .toEqual([
      { a: 1, b: null },
      { a: "zwei", b: 1 },
    ]);
});

test("values come back as they went", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const same = await b.page.evaluate(async () => {
    const values = [
      0,
      -1,
      2 ** 40,
      2n ** 62n,
      -0,
      1.5,
      "ä🚲",
      "",
      true,
      null,
      new Uint8Array([1, 0, 255]),
    ];
    for (const value of values) await store.append("item.valued", { value });
    const rows = await store.query<{ id: unknown; tab: string }>(
      "SELECT id, tab FROM item ORDER BY seq",
    );
    // The column's TEXT affinity makes text of numbers.
    const raw = await store.query<{ v: unknown; t: string }>("SELECT :v AS v, typeof(:v) AS t", {
      v: 2n ** 62n,
    });
    return {
      types: rows.map(({ tab }) => tab),
      raw: raw.map(({ v, t }) => [String(v), typeof v, t]),
    };
  });
  expect(same.types).toEqual([
    "integer",
    "integer",
    "integer",
    "integer",
    "real",
    "real",
    "text",
    "text",
    "integer",
    "null",
    "blob",
  ]);
  expect(same.raw).toEqual([[String(2n ** 62n), "bigint", "integer"]]);
});

test("text that is not UTF-8 is answered with U+FFFD in it, and the tab goes on", async ({
  openTabs,
}) => {
  const [leader, replica] = await openTabs(2);
  for (const tab of [leader, replica])
    expect(await tab.query("SELECT CAST(x'61ff' AS TEXT) AS t, 1 AS n")).toEqual([
      { t: "a\ufffd", n: 1 },
    ]);
});

test("objects are stored as JSON text", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const rows = await b.page.evaluate(async () => {
    await store.append("item.valued", { value: { tags: ["a"], at: new Date(0) } });
    return store.query("SELECT id ->> '$.tags[0]' AS tag, id ->> '$.at' AS at FROM item");
  });
  expect(rows).toEqual([{ tag: "a", at: "1970-01-01T00:00:00.000Z" }]);
});

test("read gives events in order, by type, range and limit", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const read = await b.page.evaluate(async () => {
    for (let i = 0; i < 5; ++i) await store.append("item.added", { id: `${i}`, tab: "b" });
    await store.append("name.taken", { name: "n" });
    await store.exec("DELETE FROM item WHERE id = ?", ["0"]);
    const all = async (options: Parameters<typeof store.read>[0]): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const entry of store.read(options)) {
        found.push(entry.kind === "event" ? (entry.args["id"] ?? entry.type) : entry.kind);
      }
      return found;
    };
    const first = (await Array.fromAsync(store.read({ limit: 1 })))[0]?.index ?? 0;
    return {
      all: await all({}),
      typed: await all({ types: ["name.taken"] }),
      limited: await all({ limit: 2 }),
      ranged: await all({ from: first + 1, to: first + 2 }),
      control: new Set(await all({ control: true })).has("term"),
      beyond: await all({ from: 1_000_000 }),
    };
  });
  expect(read).toEqual({
    all: ["0", "1", "2", "3", "4", "name.taken", "exec"],
    typed: ["name.taken"],
    limited: ["0", "1"],
    ranged: ["1", "2"],
    control: true,
    beyond: [],
  });
});

test("expectedIndex is checked against the last event", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const outcome = await b.page.evaluate(async () => {
    const first = await store.append("item.added", { id: "1", tab: "b" }, { expectedIndex: 0 });
    const second = await store.append(
      "item.added",
      { id: "2", tab: "b" },
      { expectedIndex: first.index },
    );
    const stale = await lab.attempt(() =>
      store.append("item.added", { id: "3", tab: "b" }, { expectedIndex: first.index }),
    );
    return {
      stale,
      actual: second.index,
      count: await store.query("SELECT count(*) AS n FROM item"),
    };
  });
  expect(outcome.stale).toMatchObject({ code: "Conflict", outcome: "none", index: outcome.actual });
  expect(outcome.count).toEqual([{ n: 2 }]);
});

test("a tab without a replica asks the leader", async ({ openTabs, newTab, name }) => {
  await openTabs(1);
  const b = await newTab();
  await b.openStore({ name, replica: "none" });
  const rows = await b.page.evaluate(async () => {
    await store.append("item.added", { id: "x", tab: "b" });
    return store.query("SELECT id FROM item");
  });
  expect(rows).toEqual([{ id: "x" }]);
});

test("status, tabs and stats tell of both tabs", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  await b.page.evaluate(() => store.append("item.added", { id: "x", tab: "b" }));
  const [leader, follower] = [await a.status(), await b.status()];
  expect(leader).toMatchObject({
    role: "leader",
    leaderId: leader.clientId,
    storage: "opfs",
    leaderUnresponsive: false,
  });
  expect(follower).toMatchObject({ role: "replica", leaderId: leader.clientId, pending: 0 });
  expect(follower.applied).toBe(follower.head);
  expect(follower.durable).toBe(follower.head);
  const tabs = await b.page.evaluate(() => store.tabs());
  expect(new Map(tabs.map(({ id, role }) => [id, role]))).toEqual(
    new Map([
      [leader.clientId, "leader"],
      [follower.clientId, "replica"],
    ]),
  );
  const stats = await b.page.evaluate(() => store.stats());
  expect(stats.appendLatency.count).toBe(1);
  expect(stats.quota.quotaBytes).toBeGreaterThan(0);
});

test("a checkpoint is at the head, and the exports are files", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const exported = await b.page.evaluate(async () => {
    await store.append("item.added", { id: "x", tab: "b" });
    const checkpoint = await store.checkpoint();
    const [log, database] = await Promise.all([store.exportLog(), store.exportDatabase()]);
    const magic = await database.slice(0, 15).text();
    return { checkpoint, head: store.status.head, log: log.size, magic };
  });
  expect(exported.checkpoint).toBeGreaterThan(0);
  expect(exported.log).toBeGreaterThan(100);
  expect(exported.magic).toBe("SQLite format 3");
});

test("the log outlives its tabs", async ({ openTabs, newTab, name }) => {
  const [a] = await openTabs(1);
  await a.page.evaluate(() => store.append("item.added", { id: "kept", tab: "a" }));
  await a.close();
  const b = await newTab();
  await b.openStore({ name });
  expect(await b.query("SELECT id FROM item")).toEqual([{ id: "kept" }]);
});

test("two stores of a name on a page share a client, and the last to close ends it", async ({
  openTabs,
  name,
}) => {
  const [a] = await openTabs(1);
  const result = await a.page.evaluate(async (sharedName) => {
    const second = await tablog.openStore({ name: sharedName, schema: lab.schema });
    const sameClient = second.status.clientId === store.status.clientId;
    await second.append("item.added", { id: "x", tab: "a" });
    await second.close();
    const after = await lab.attempt(() => second.query("SELECT 1"));
    const other = tablog.defineSchema({ ...lab.schema, events: { "item.added": "SELECT :id" } });
    const conflict = await lab.attempt(() => tablog.openStore({ name: sharedName, schema: other }));
    return {
      sameClient,
      after: after.code,
      conflict: conflict.code,
      rows: await store.query("SELECT id FROM item"),
    };
  }, name);
  expect(result).toEqual({
    sameClient: true,
    after: "Closed",
    conflict: "SchemaConflict",
    rows: [{ id: "x" }],
  });
});

test("a store in memory is one tab's and gone with it", async ({ newTab, name }) => {
  const [a, b] = [await newTab(), await newTab()];
  const [first, second] = [
    await a.openStore({ name, storage: "memory" }),
    await b.openStore({ name, storage: "memory" }),
  ];
  expect([first.storage, second.storage]).toEqual(["memory", "memory"]);
  await a.page.evaluate(() => store.append("item.added", { id: "x", tab: "a" }));
  expect(await a.query("SELECT id FROM item")).toEqual([{ id: "x" }]);
  expect(await b.query("SELECT id FROM item")).toEqual([]);
  const directories = await a.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const tablogDirectory = await root.getDirectoryHandle("tablog", { create: true });
    return Array.fromAsync(tablogDirectory.keys());
  });
  expect(directories.filter((key) => key.startsWith("memory"))).toEqual([]);
});

test("changes of the status and of the leader are told", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  await b.page.evaluate(() => {
    const told: string[] = ((globalThis as { told?: string[] }).told = []);
    store.addEventListener("leaderchange", ({ detail }) => told.push(detail.leaderId ?? "none"));
    store.addEventListener("statuschange", ({ detail }) => told.push(detail.role));
  });
  await a.close();
  await expect.poll(() => b.leads()).toBe(true);
  const { clientId } = await b.status();
  await expect
    .poll(() => b.page.evaluate(() => (globalThis as { told?: string[] }).told))
    .toContain(clientId);
  expect(await b.page.evaluate(() => (globalThis as { told?: string[] }).told)).toContain("leader");
});
