// compact(): the oldest entries are freed, and everything else is as it was.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompactOptions } from "../../web/src/index.js";
import { checkHistory } from "./checker.js";
import { expect, test } from "./fixtures.js";
import type { Attempt } from "./globals.js";
import { goOn, threeWriters } from "./stage.js";
import type { Tab } from "./tab.js";

const tool = fileURLToPath(new URL("../../dist/bin/tablog", import.meta.url));
const kItems = "SELECT count(*) AS n, min(at) AS first, max(at) AS last FROM item";

function compact(tab: Tab, options: CompactOptions): Promise<number> {
  return tab.page.evaluate((wanted) => store.compact(wanted), options);
}

function append(tab: Tab, count: number): Promise<void> {
  return tab.page.evaluate(async (events) => {
    const items = Array.from({ length: events }, (_, i) => ({
      type: "item.added" as const,
      args: { id: `${i}`, tab: "t" },
    }));
    await Promise.all(items.map(({ type, args }) => store.append(type, args)));
  }, count);
}

/** So many more segments of the log; of what they hold nothing stays in the state. */
function fill(tab: Tab, segments: number): Promise<void> {
  return tab.page.evaluate(async (count) => {
    const body = "x".repeat(2 ** 20);
    for (let i = 0; i < count * 4; ++i) await store.append("filler.added", { body });
    await store.exec("DELETE FROM filler");
  }, segments);
}

/** What the leader says of its log. */
function logOf(tab: Tab): Promise<{ first: number; head: number; segments: number }> {
  return tab.page.evaluate(async () => {
    const { log } = await store.stats();
    return log as { first: number; head: number; segments: number };
  });
}

/** That a tab has what the log had, and nothing before the horizon can be read there. */
async function expectCompacted(tab: Tab, horizon: number, rows: unknown): Promise<void> {
  const outcome = await tab.page.evaluate(
    async ([first, sql]) => {
      const { head } = store.status;
      const at = async (index: number): Promise<Attempt<unknown>> =>
        lab.attempt(async () => {
          const past = await store.at(index);
          return past.query(sql).finally(() => past.close());
        });
      return {
        read: await lab.attempt(() => store.read({ from: 1 }).next()),
        before: await lab.attempt(() => store.read({ from: first - 1 }).next()),
        first: (await store.read({ from: first, control: true }).next()).value?.index,
        atOne: await at(1),
        atHorizon: await at(first),
        atHead: await at(head),
        verified: (await store.verify()).index,
        rows: await store.query(sql, [], { consistency: "linearizable" }),
      };
    },
    [horizon, kItems] as const,
  );
  const compacted = { code: "Compacted", index: horizon };
  const upToHorizon = await tab.query(`${kItems} WHERE at <= ?`, [horizon]);
  expect(outcome).toMatchObject({
    read: compacted,
    before: compacted,
    first: horizon,
    atOne: compacted,
    atHorizon: { value: upToHorizon },
    atHead: { value: rows },
    rows,
  });
  expect(outcome.verified).toBeGreaterThanOrEqual(horizon);
}

test("what is compacted cannot be read any more, and the state is as it was, in every tab", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [a, b] = await openTabs(2);
  await append(a, 200);
  await fill(a, 2);
  await append(a, 100);
  const rows = await a.query(kItems);
  const before = await logOf(a);
  const horizon = before.head - 50;
  expect(await compact(b, { retainFrom: horizon })).toBe(horizon);
  const after = await logOf(a);
  expect(after).toMatchObject({ first: horizon, head: before.head });
  expect(after.segments).toBeLessThan(before.segments);

  const late = await newTab();
  await late.openStore({ name });
  const none = await newTab();
  await none.openStore({ name, replica: "none" });
  for (const tab of [a, b, late, none]) await expectCompacted(tab, horizon, rows);

  // A lower one gives nothing back; a higher one goes on from the base that there is.
  expect(await compact(none, { retainFrom: 3 })).toBe(horizon);
  expect(await compact(none, { retainFrom: horizon + 10 })).toBe(horizon + 10);
  for (const tab of [a, none]) await expectCompacted(tab, horizon + 10, rows);

  for (const tab of [b, a, late, none]) await tab.page.evaluate(() => store.close());
  await a.openStore({ name });
  await expectCompacted(a, horizon + 10, await a.query(kItems));
  expect(await a.query(kItems)).toEqual(rows);
});

test("within one segment the horizon is exact to the request, and nothing is too little or too much", async ({
  openTabs,
}) => {
  const [a] = await openTabs(2);
  await append(a, 20);
  const { head } = await a.status();
  const last = await a.page.evaluate(async () => {
    const events = [1, 2, 3].map((i) => ({
      type: "item.added" as const,
      args: { id: `${i}`, tab: "batch" },
    }));
    return (await store.appendBatch(events)).at(-1)?.index;
  });
  expect(last).toBe(head + 3);
  expect(await compact(a, { retainFrom: 0 })).toBe(1);
  expect(await compact(a, { retainFrom: 1 })).toBe(1);
  expect(await compact(a, { keepDays: 1 })).toBe(1);
  expect(await compact(a, { keepDays: 1e12 })).toBe(1);
  expect(await compact(a, { keepBytes: 2 ** 40 })).toBe(1);
  expect(await compact(a, { retainFrom: head - 3 })).toBe(head - 3);
  expect(await compact(a, { retainFrom: head + 3 })).toBe(head + 1); // a batch is all or none
  expect(await compact(a, { retainFrom: head + 1000 })).toBe(head + 4);
  const outcome = await a.page.evaluate(async (first) => {
    const past = await store.at(first - 1);
    const [row] = await past.query("SELECT count(*) AS n FROM item");
    await past.close();
    const { index } = await store.append("item.added", { id: "next", tab: "a" });
    const { value } = await store.read({ from: first }).next();
    return [row?.["n"], index, value?.index, (await store.verify()).index];
  }, head + 4);
  expect(outcome).toEqual([23, head + 4, head + 4, head + 4]);
});

test("bytes and days are kept to the segment", async ({ openTabs }) => {
  const [a] = await openTabs(1);
  await fill(a, 3);
  const { segments, head } = await logOf(a);
  const kept = await compact(a, { keepBytes: 2 ** 20 });
  expect(kept).toBeGreaterThan(1);
  expect(kept).toBeLessThanOrEqual(head);
  expect((await logOf(a)).segments).toBeLessThan(segments);
  const byTime = await compact(a, { keepDays: 0 });
  expect(byTime).toBeGreaterThanOrEqual(kept);
  expect(byTime).toBeLessThanOrEqual(head);
});

test("options that say nothing, or nothing sensible, are InvalidArgument", async ({ openTabs }) => {
  const [a] = await openTabs(1);
  const codes = await a.page.evaluate(async () => {
    const wrong: unknown[] = [
      undefined,
      {},
      { retainFrom: -1 },
      { retainFrom: 1.5 },
      { retainFrom: "7" },
      { keepDays: NaN },
      { keepDays: -1 },
      { keepDays: "1" },
      { keepBytes: -1 },
      { keepBytes: Infinity },
      { retainFrom: 3, keepBytes: 0.5 },
    ];
    const compactAnyhow = store.compact.bind(store) as (options: unknown) => Promise<number>;
    const all = await Promise.all(wrong.map((each) => lab.attempt(() => compactAnyhow(each))));
    return [await lab.firstIndex(), ...all.map(({ code }) => code)];
  });
  expect(codes).toEqual([1, ...Array.from({ length: 11 }, () => "InvalidArgument")]);
});

test("an exported log of a compacted store is read by the native tool, to the same digests", async ({
  openTabs,
}) => {
  const [a] = await openTabs(1);
  await append(a, 100);
  await fill(a, 1);
  await append(a, 100);
  const { head } = await a.status();
  await compact(a, { retainFrom: head - 40 });
  const { verified, base64 } = await a.page.evaluate(async () => {
    const reader = new FileReader();
    const read = new Promise((resolve) => (reader.onload = resolve));
    reader.readAsDataURL(await store.exportLog());
    await read;
    const [, encoded = ""] = (reader.result as string).split(",");
    return { verified: await store.verify(), base64: encoded };
  });
  const directory = mkdtempSync(join(tmpdir(), "tablog-compaction-"));
  try {
    const path = join(directory, "log.tablog");
    writeFileSync(path, base64, "base64");
    const run = (...args: string[]): string => execFileSync(tool, args, { encoding: "utf8" });
    run("verify", "--deep", path); // throws where it finds anything
    const printed = run("replay", path, "--digests");
    for (const table of ["item", "filler"]) expect(printed).toContain(verified.tables[table]);
    expect(() => run("get", path, "1")).toThrow();
    expect(run("get", path, String(head - 40), "-o", "json")).toContain("item.added");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("snapshots from before the horizon go, later ones stay of use", async ({ openTabs, name }) => {
  const [a] = await openTabs(1);
  const kept = (): Promise<number[]> =>
    a.page.evaluate(async (key) => {
      let directory = await navigator.storage.getDirectory();
      const names: number[] = [];
      for (const part of ["tablog", key, "g0", "snapshots"])
        directory = await directory.getDirectoryHandle(part, { create: true });
      for await (const file of directory.keys()) names.push(Number(file));
      return names.sort((x, y) => x - y);
    }, name);
  for (const count of [1, 2]) {
    await append(a, 10_500);
    await a.page.evaluate(() => store.checkpoint());
    await expect.poll(async () => (await kept()).length).toBe(count);
  }
  const [first = 0, second = 0] = await kept();
  await append(a, 10);
  const horizon = await compact(a, { retainFrom: first + 100 });
  expect(horizon).toBe(first + 100);
  await expect.poll(kept).toEqual([second]);
  const counts = await a.page.evaluate(
    async (indexes) => {
      const told: unknown[] = [];
      for (const index of indexes) {
        const outcome = await lab.attempt(async () => {
          const past = await store.at(index);
          const [row] = await past.query("SELECT count(*) AS n, max(at) AS at FROM item");
          await past.close();
          return row;
        });
        told.push(outcome.code ?? outcome.value);
      }
      return told;
    },
    [first, horizon, second - 1, second + 5],
  );
  const expected = await Promise.all(
    [horizon, second - 1, second + 5].map(async (index) => {
      const sql = "SELECT count(*) AS n, max(at) AS at FROM item WHERE at <= ?";
      return (await a.query(sql, [index]))[0];
    }),
  );
  expect(counts).toEqual(["Compacted", ...expected]);
});

test("a state that is made anew from what a compaction has left verifies", async ({
  openTabs,
  name,
}) => {
  const [a] = await openTabs(1);
  await append(a, 100);
  const { head } = await a.status();
  await compact(a, { retainFrom: head - 29 });
  const open = (): Promise<Attempt<number>> =>
    a.page.evaluate((store) => {
      const schema = tablog.defineSchema({
        ...lab.schema,
        version: 2,
        migrations: [...lab.schema.migrations, "ALTER TABLE item ADD COLUMN length INTEGER"],
        events: {
          ...lab.schema.events,
          "item.added": `INSERT INTO item(id, tab, at, length) VALUES (:id, :tab, :$index, length(:id))`,
        },
      });
      return lab.attempt(async () => {
        const rebuild = { compacted: "skip" } as const;
        const options = { name: store, schema, onUpgrade: "rebuild", rebuild } as const;
        globalThis.store = await tablog.openStore(options);
        const [row] = await globalThis.store.query<{ n: number }>(
          "SELECT count(length) AS n FROM item",
        );
        return row?.n ?? NaN;
      });
    }, name);
  await a.page.evaluate(() => store.close());
  expect(await open()).toEqual({ value: 30 });
  const found = await a.page.evaluate(() => store.verify());
  await a.page.evaluate(() => store.close());
  expect(await open()).toEqual({ value: 30 });
  expect(await a.page.evaluate(() => store.verify())).toMatchObject({ tables: found.tables });
});

test("a tab that was far behind takes the state where the entries are gone", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  await append(b, 10);
  await b.whileStopped(async () => {
    await append(a, 100);
    await fill(a, 2); // more than it is sent unasked
    const { head } = await a.status();
    expect(await compact(a, { retainFrom: head })).toBe(head);
  });
  await append(a, 1);
  const rows = await a.query(kItems);
  expect(rows[0]).toMatchObject({ n: 111 });
  expect(
    await b.page.evaluate((sql) => store.query(sql, [], { consistency: "linearizable" }), kItems),
  ).toEqual(rows);
  await b.page.evaluate(() => store.verify());
});

test("appends and looks at the past go on while the log is compacted again and again", async ({
  newTab,
  name,
}) => {
  const [a, b, c] = await threeWriters(newTab, name);
  let horizon = 1;
  for (const tab of [b, a, c, b]) {
    const { head } = await a.status();
    const verify = (each: Tab): Promise<unknown> => each.page.evaluate(() => store.verify());
    const [first] = await Promise.all([
      compact(tab, { retainFrom: head }),
      goOn([a, b, c]),
      verify(a),
      verify(c),
      b.page.evaluate(async () => (await store.exportLog()).size),
    ]);
    expect(first).toBe(head);
    expect(first).toBeGreaterThan(horizon);
    horizon = first;
  }
  const late = await newTab();
  await late.openStore({ name });
  await late.startWriting("late", 1);
  await goOn([a, b, c, late]);
  await checkHistory([a, b, c, late]);
  for (const tab of [a, late]) await tab.page.evaluate(() => store.verify());
});

function firstOf(tab: Tab): Promise<number> {
  return tab.page.evaluate(() => lab.firstIndex());
}

async function leading(tabs: readonly Tab[]): Promise<Tab> {
  for (;;) for (const tab of tabs) if (await tab.leads()) return tab;
}

/** What becomes of a call that is on its way, and whether it still is. */
interface OnItsWay {
  readonly isPending: () => Promise<boolean>;
  readonly outcome: () => Promise<Attempt<number>>;
}

/** The leader has begun with it when this resolves, and done other things meanwhile, so many times. */
async function beginCompaction(tab: Tab, retainFrom: number, turns: number): Promise<OnItsWay> {
  const call = await tab.page.evaluateHandle(
    async ([from, count]) => {
      const asked = {
        pending: true,
        outcome: lab.attempt(() => store.compact({ retainFrom: from })),
      };
      void asked.outcome.finally(() => (asked.pending = false));
      for (let i = 0; i < count; ++i)
        await store.query("SELECT 1", [], { consistency: "linearizable" });
      return asked;
    },
    [retainFrom, turns] as const,
  );
  return {
    isPending: () => call.evaluate(({ pending }) => pending),
    outcome: () => call.evaluate(({ outcome }) => outcome),
  };
}

for (const asker of ["leader", "other"] as const) {
  test(`leaders' workers that end while they compact, asked by the ${asker === "leader" ? "leading" : "other"} tab: it is done all the same`, async ({
    newTab,
    name,
  }) => {
    const [a, b, c] = await threeWriters(newTab, name);
    await fill(a, 6);
    let pending = 0;
    for (const turns of [1, 4, 12, 40]) {
      const { head } = await a.status();
      const leader = await leading([a, b, c]);
      const tab = asker === "leader" ? leader : [a, b, c].find((each) => each !== leader);
      if (tab === undefined) throw new Error("there are three tabs");
      const compaction = await beginCompaction(tab, head, turns);
      pending += Number(await compaction.isPending());
      await leader.endWorker("leader");
      expect(await compaction.outcome()).toEqual({ value: head });
      expect(await firstOf(a)).toBe(head);
      await fill(a, 3);
    }
    expect(pending).toBeGreaterThan(0);
    await goOn([a, b, c]);
    await checkHistory([a, b, c]);
    await a.page.evaluate(() => store.verify());
  });
}

test("a leading tab that is killed while it compacts: the next leader does it, and nothing is lost", async ({
  newTab,
  name,
}) => {
  const [a, b, c] = await threeWriters(newTab, name);
  await fill(a, 6);
  const killed = await a.process();
  const { head } = await b.status();
  const compaction = await beginCompaction(b, head, 1);
  expect(await compaction.isPending()).toBe(true);
  await a.kill(killed);
  expect(await compaction.outcome()).toEqual({ value: head });
  await goOn([b, c]);
  const later = (await b.status()).head;
  expect(later).toBeGreaterThan(head);
  expect(await compact(c, { retainFrom: later })).toBe(later);
  await checkHistory([b, c]);
  await b.page.evaluate(() => store.verify());
});

test("the only tab ends while it compacts: whoever opens the store finds all of it, or its base", async ({
  newTab,
  name,
}) => {
  let tab = await newTab();
  await tab.openStore({ name });
  let n = 0;
  for (const turns of [1, 3, 9, 27, 81]) {
    await append(tab, 20);
    await fill(tab, 3);
    n += 20;
    const killed = await tab.process();
    const { head } = await tab.status();
    const first = await firstOf(tab);
    await beginCompaction(tab, head, turns);
    await tab.kill(killed);
    tab = await newTab();
    await tab.openStore({ name });
    expect([first, head]).toContain(await firstOf(tab));
    expect(await tab.query("SELECT count(*) AS n FROM item")).toEqual([{ n }]);
    await tab.page.evaluate(() => store.verify());
  }
  const { head } = await tab.status();
  expect(await compact(tab, { retainFrom: head })).toBe(head);
  await tab.page.evaluate(() => store.verify());
});
