// Optimistic appends: seen at once in their own tab, and never where they do not last.
import { expect, test } from "./fixtures.js";

test("an optimistic append is in the very next query of its tab, before it is durable, and stays", async ({
  openTabs,
}) => {
  const [, b] = await openTabs(2);
  const seen = await b.page.evaluate(async () => {
    const counts: unknown[] = [];
    const sql = "SELECT count(*) AS n, max(id) AS id FROM item";
    for (let i = 0; i < 50; ++i) {
      const options = { optimistic: true };
      const appended = store.append(
        "item.added",
        { id: `${i}`.padStart(3, "0"), tab: "b" },
        options,
      );
      const [before] = await store.query<{ n: number }>(sql);
      await appended;
      const [after] = await store.query<{ n: number }>(sql);
      counts.push([before?.n, after?.n]);
    }
    return counts;
  });
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => [i + 1, i + 1]));
});

test("it is shown over what others commit, in order, and a watch sees no step back", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  const seen = b.page.evaluate(async () => {
    const counts: number[] = [];
    const sql = "SELECT count(*) AS n FROM item WHERE tab = 'b'";
    const stop = store.watch<{ n: number }>(sql).subscribe(([row]) => counts.push(row?.n ?? -1));
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 200; ++i) {
      all.push(store.append("item.added", { id: `${i}`, tab: "b" }, { optimistic: true }));
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(all);
    await store.query(sql);
    stop();
    const [row] = await store.query<{ n: number }>(sql);
    return { counts, n: row?.n };
  });
  await a.page.evaluate(async () => {
    for (let i = 0; i < 100; ++i) await store.append("item.added", { id: `${i}`, tab: "a" });
  });
  const { counts, n } = await seen;
  expect(n).toBe(200);
  expect([...counts].sort((x, y) => x - y)).toEqual(counts);
});

test("what the leader rejects disappears, from queries and watches alike", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  await a.page.evaluate(() => store.append("name.taken", { name: "first" }));
  await expect.poll(() => b.query("SELECT name FROM unique_name")).toEqual([{ name: "first" }]);
  await b.page.evaluate(() => {
    const seen: unknown[] = [];
    store.watch("SELECT name FROM unique_name ORDER BY name").subscribe((rows) => seen.push(rows));
    Object.assign(globalThis, { seen });
  });
  const told = (): Promise<unknown[]> =>
    b.page.evaluate(() => (globalThis as unknown as { seen: unknown[] }).seen);
  await expect.poll(told).toEqual([[{ name: "first" }]]);
  const refused = await b.page.evaluate(() =>
    lab.attempt(() =>
      store.append("name.taken", { name: "second" }, { optimistic: true, expectedIndex: 1 }),
    ),
  );
  expect(refused).toMatchObject({ code: "Conflict", outcome: "none" });
  await expect.poll(async () => (await told()).at(-1)).toEqual([{ name: "first" }]);
  expect(await b.query("SELECT name FROM unique_name")).toEqual([{ name: "first" }]);
});

test("it survives its leader and its worker, and counts once", async ({ openTabs }) => {
  const [a, b] = await openTabs(2);
  await a.kill();
  const counts = await b.page.evaluate(async () => {
    const sql = "SELECT count(*) AS n FROM item";
    const count = async (): Promise<unknown> => (await store.query(sql))[0]?.["n"];
    const all = Array.from({ length: 20 }, (_, i) =>
      store.append("item.added", { id: `${i}`, tab: "b" }, { optimistic: true }),
    );
    const first = await count();
    for (const { name, worker } of workers)
      if (name?.includes("replica") === true) worker.terminate();
    const second = await count();
    await Promise.all(all);
    return [first, second, await count()];
  });
  expect(counts).toEqual([20, 20, 20]);
});

test("a transaction does not read what is only shown", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const rows = await b.page.evaluate(async () => {
    const sql = "SELECT count(*) AS n FROM item";
    const appended = store.append("item.added", { id: "1", tab: "b" }, { optimistic: true });
    let attempts = 0;
    const inside = await store.transaction(async (tx) => {
      attempts += 1;
      const [row] = await tx.query<{ n: number }>(sql);
      tx.append("item.added", { id: "2", tab: "b" });
      return row?.n;
    });
    await appended;
    const [row] = await store.query<{ n: number }>(sql);
    return { attempts, inside, n: row?.n };
  });
  expect(rows.n).toBe(2);
  expect(rows.inside).toBe(1); // in the attempt that counts
});
