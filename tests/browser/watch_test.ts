// Live queries: what is told, when, and to whom.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

/** Watches in this tab; what it was told is in `told`. */
async function watch(tab: Tab, sql: string): Promise<void> {
  await tab.page.evaluate((text) => {
    const seen: unknown[] = [];
    const stop = store.watch(text).subscribe(
      (rows) => seen.push(rows),
      (error) => seen.push(error.code),
    );
    Object.assign(globalThis, { seen, stop });
  }, sql);
}

function told(tab: Tab): Promise<unknown[]> {
  return tab.page.evaluate(() => (globalThis as unknown as { seen: unknown[] }).seen);
}

async function add(tab: Tab, id: string): Promise<void> {
  await tab.page.evaluate((item) => store.append("item.added", { id: item, tab: "t" }), id);
}

const kCount = "SELECT count(*) AS n FROM item";

for (const replica of ["memory", "none"] as const) {
  test(`a watch is told of the rows now and of every change, replica: ${replica}`, async ({
    openTabs,
    newTab,
    name,
  }) => {
    const [a] = await openTabs(2);
    const b = await newTab();
    await b.openStore({ name, replica });
    await watch(b, kCount);
    await expect.poll(() => told(b)).toEqual([[{ n: 0 }]]);
    await add(a, "1");
    await expect.poll(() => told(b)).toEqual([[{ n: 0 }], [{ n: 1 }]]);
    await add(b, "2");
    await expect.poll(() => told(b)).toEqual([[{ n: 0 }], [{ n: 1 }], [{ n: 2 }]]);
  });
}

test("what does not change the rows is not told, nor what comes after it was stopped", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  await watch(b, "SELECT count(*) > 0 AS some FROM item");
  await expect.poll(() => told(b)).toEqual([[{ some: 0 }]]);
  for (const id of ["1", "2", "3"]) await add(a, id);
  await expect.poll(() => b.query(kCount)).toEqual([{ n: 3 }]);
  await expect.poll(() => told(b)).toEqual([[{ some: 0 }], [{ some: 1 }]]);
  await b.page.evaluate(() => (globalThis as unknown as { stop: () => void }).stop());
  await a.page.evaluate(() => store.exec("DELETE FROM item"));
  await expect.poll(() => b.query(kCount)).toEqual([{ n: 0 }]);
  await watch(a, kCount); // it comes after all that b could have been told
  await expect.poll(() => told(a)).toEqual([[{ n: 0 }]]);
  expect(await told(b)).toEqual([[{ some: 0 }], [{ some: 1 }]]);
});

test("a watch goes on when the leader dies, and when its own worker does, and repeats nothing", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  await watch(b, kCount);
  await add(b, "1");
  await expect.poll(() => told(b)).toContainEqual([{ n: 1 }]);
  await a.kill();
  await add(b, "2");
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ n: 2 }]);
  await b.page.evaluate(() => {
    for (const { name, worker } of workers)
      if (name?.includes("replica") === true) worker.terminate();
  });
  await add(b, "3");
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ n: 3 }]);
  const counts = (await told(b)).map((rows) => JSON.stringify(rows));
  expect(new Set(counts).size).toBe(counts.length);
});

test("a loop over a watch gets the newest rows, and ends when the store is closed", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  const loop = b.page.evaluate(async (sql) => {
    const seen: number[] = [];
    for await (const [row] of store.watch<{ n: number }>(sql)) {
      seen.push(row?.n ?? -1);
      if (row?.n === 0) document.title = "looping";
      if (row?.n === 0) await new Promise((resolve) => setTimeout(resolve, 1000)); // a slow consumer
      if (row?.n === 300) void store.close();
    }
    return seen;
  }, kCount);
  await b.page.waitForFunction(() => document.title === "looping");
  await a.page.evaluate(async () => {
    for (let i = 0; i < 300; ++i) await store.append("item.added", { id: `${i}`, tab: "a" });
  });
  const seen = await loop;
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBe(300);
  expect(seen.length).toBeLessThan(100);
  expect([...seen].sort((x, y) => x - y)).toEqual(seen);
});

test("an error in its SQL ends a watch, and one that its table's end brings too", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  await watch(b, "SELECT nothing FROM item");
  await expect.poll(() => told(b)).toEqual(["QueryFailed"]);
  const looped = await b.page.evaluate(() =>
    lab.attempt(async () => {
      for await (const rows of store.watch("DELETE FROM item")) throw new Error(`${rows.length}`);
    }),
  );
  expect(looped).toMatchObject({ code: "QueryFailed" });
  await a.page.evaluate(() => store.exec("CREATE TABLE short_lived(a)"));
  await b.page.evaluate(() => store.query("SELECT 1", [], { consistency: "linearizable" }));
  await watch(b, "SELECT * FROM short_lived");
  await expect.poll(() => told(b)).toEqual([[]]);
  await a.page.evaluate(() => store.exec("DROP TABLE short_lived"));
  await expect.poll(() => told(b)).toEqual([[], "QueryFailed"]);
});

test("a watch follows full-text search, views and tables that exec makes", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  await a.page.evaluate(async () => {
    await store.exec("CREATE VIRTUAL TABLE doc USING fts5(body)");
    await store.exec(
      "CREATE TABLE one(a); CREATE TABLE other(a); CREATE VIEW both AS SELECT a FROM one",
    );
  });
  await b.page.evaluate(() => store.query("SELECT 1", [], { consistency: "linearizable" }));
  await watch(b, "SELECT (SELECT count(*) FROM doc('fox')) AS docs, count(*) AS n FROM both");
  await expect.poll(() => told(b)).toEqual([[{ docs: 0, n: 0 }]]);
  await a.page.evaluate(() => store.exec("INSERT INTO doc VALUES ('the quick fox')"));
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ docs: 1, n: 0 }]);
  await a.page.evaluate(() => store.exec("INSERT INTO one VALUES (1)"));
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ docs: 1, n: 1 }]);
  await watch(b, "SELECT count(*) AS n FROM both");
  await expect.poll(() => told(b)).toEqual([[{ n: 1 }]]);
  await a.page.evaluate(async () => {
    await store.exec("DROP VIEW both; CREATE VIEW both AS SELECT a FROM other");
    await store.exec("INSERT INTO other VALUES (1), (2)");
  });
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ n: 2 }]);
});

test("the callback's own error neither ends the watch nor disturbs the store", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  const errors: string[] = [];
  b.page.on("pageerror", ({ message }) => errors.push(message));
  await b.page.evaluate((sql) => {
    const seen: unknown[] = [];
    store.watch(sql).subscribe((rows) => {
      seen.push(rows);
      throw new Error("of the app");
    });
    Object.assign(globalThis, { seen });
  }, kCount);
  await add(a, "1");
  await expect.poll(async () => (await told(b)).at(-1)).toEqual([{ n: 1 }]);
  await expect.poll(() => errors).toContain("of the app");
  expect(await b.query(kCount)).toEqual([{ n: 1 }]);
});

test.describe("in a hidden tab", () => {
  test.use({ place: "profile, hiding" });

  test("a watch is told of every change within a fraction of a second", async ({ openTabs }) => {
    const [hidden, shown] = await openTabs(2); // the one that is opened last hides the other
    expect(await hidden.page.evaluate(() => document.visibilityState)).toBe("hidden");
    await hidden.page.evaluate(() => {
      const times: number[] = [];
      store
        .watch<{ told: number | null }>("SELECT max(CAST(id AS REAL)) AS told FROM item")
        .subscribe(([row]) => {
          if (typeof row?.told === "number")
            times.push(performance.timeOrigin + performance.now() - row.told);
        });
      Object.assign(globalThis, { seen: times });
    });
    await shown.page.evaluate(async () => {
      for (let i = 0; i < 20; ++i) {
        const now = performance.timeOrigin + performance.now();
        await store.append("item.added", { id: `${now}`, tab: "t" });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    await expect.poll(async () => (await told(hidden)).length).toBe(20);
    const late = (await told(hidden)) as number[];
    expect(late.filter((ms) => ms > 500)).toEqual([]); // a page's timer would take a second
  });
});
