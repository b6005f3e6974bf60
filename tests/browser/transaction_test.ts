// Transactions: what they read and what they append take effect together.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

const full = process.env["TABLOG_FULL"] !== undefined;

const kAccounts = 20;
const kEach = 100;

async function openAccounts(tab: Tab): Promise<void> {
  await tab.page.evaluate(
    async ([accounts, each]) => {
      await store.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${accounts})
         INSERT INTO account SELECT i, ${each} FROM n`,
      );
    },
    [kAccounts, kEach] as const,
  );
}

/** Moves money between accounts of this tab's choice until it has done so many transfers; gives how many moved some. */
function transfer(tab: Tab, times: number, seed: number): Promise<number> {
  return tab.page.evaluate(
    async ([count, start, accounts]) => {
      let state = start;
      const random = (below: number): number => {
        state = (state * 1103515245 + 12345) % 2 ** 31;
        return Math.floor((state / 2 ** 31) * below);
      };
      let moved = 0;
      for (let i = 0; i < count; ++i) {
        const from = 1 + random(accounts);
        const to = 1 + ((from + random(accounts - 1)) % accounts);
        const amount = 1 + random(90);
        moved += await store.transaction(async (tx) => {
          const balance = async (id: number): Promise<number> => {
            const sql = "SELECT balance FROM account WHERE id = ?";
            const [row] = await tx.query<{ balance: number }>(sql, [id]);
            return row?.balance ?? NaN;
          };
          const [mine, theirs] = [await balance(from), await balance(to)];
          if (mine < amount) return 0;
          tx.append("account.set", { id: from, balance: mine - amount });
          tx.append("account.set", { id: to, balance: theirs + amount });
          return 1;
        });
      }
      return moved;
    },
    [times, seed, kAccounts] as const,
  );
}

const kSum = "SELECT sum(balance) AS sum, min(balance) >= 0 AS sound FROM account";

test("tabs that move money at once keep the sum, and all finish, while leaders are killed", async ({
  newTab,
  name,
}) => {
  test.setTimeout(full ? 1_800_000 : 120_000);
  const writers: Tab[] = [];
  const leaders: Tab[] = [];
  const deaths = full ? 3 : 1;
  for (let i = 0; i < deaths; ++i) {
    const leader = await newTab(); // it only leads: what a killed tab was doing is nobody's
    await leader.openStore({ name });
    leaders.push(leader);
  }
  for (let i = 0; i < (full ? 10 : 4); ++i) {
    const tab = await newTab();
    await tab.openStore({ name, ...(i === 1 ? { replica: "none" as const } : {}) });
    writers.push(tab);
  }
  const [first] = writers;
  if (first === undefined) throw new Error("there is a writer");
  await openAccounts(first);
  const times = full ? 1000 : 30;
  const before = (await first.status()).head;
  const work = Promise.all(writers.map((tab, i) => transfer(tab, times, i + 1)));
  const progress = async (): Promise<number> => (await first.status()).head - before;
  for (const [i, leader] of leaders.entries()) {
    await expect.poll(progress, { timeout: 300_000 }).toBeGreaterThan((i + 1) * times);
    await leader.kill();
  }
  const moved = (await work).reduce((sum, each) => sum + each, 0);
  const [row] = await first.page.evaluate(
    (sql) => store.query(sql, [], { consistency: "linearizable" }),
    kSum,
  );
  expect(row).toEqual({ sum: kAccounts * kEach, sound: 1 });
  const events = await first.page.evaluate(async () => {
    const indexes: number[] = [];
    for await (const entry of store.read({ types: ["account.set"] })) indexes.push(entry.index);
    return indexes;
  });
  expect(events.length).toBe(2 * moved);
});

test("a transaction sees no half of another, and what it throws leaves no trace", async ({
  openTabs,
}) => {
  const [a] = await openTabs(2);
  await openAccounts(a);
  const outcome = await a.page.evaluate(async () => {
    const { head } = store.status;
    const failed = await store
      .transaction((tx) => {
        tx.append("account.set", { id: 1, balance: 0 });
        throw new Error("of the app");
      })
      .catch((error: unknown) => (error as Error).message);
    const rejected = await lab.attempt(() =>
      store.transaction(async (tx) => {
        await tx.query("SELECT 1 AS one");
        tx.append("account.set", { id: 1, balance: 1 });
        tx.append("child.added", { id: 1, parent: 77 }); // a deferred foreign key
      }),
    );
    return { failed, rejected, grown: store.status.head - head };
  });
  expect(outcome.failed).toBe("of the app");
  expect(outcome.rejected).toMatchObject({ code: "Rejected", outcome: "none" });
  expect(outcome.grown).toBe(0);
  expect(await a.query(kSum)).toEqual([{ sum: kAccounts * kEach, sound: 1 }]);
});

test("a transaction that others always get ahead of has its turn, and they go on", async ({
  openTabs,
}) => {
  const [a, b] = await openTabs(2);
  await openAccounts(a);
  await b.page.evaluate(() => {
    const others = { stop: false, done: 0 };
    Object.assign(globalThis, { others });
    void (async () => {
      while (!others.stop) {
        await store.append("account.set", { id: 1, balance: others.done });
        others.done += 1;
      }
    })();
  });
  const attempts = await a.page.evaluate(async () => {
    let attempts = 0;
    await store.transaction(async (tx) => {
      attempts += 1;
      const [row] = await tx.query<{ balance: number }>("SELECT balance FROM account WHERE id = 1");
      await new Promise((resolve) => setTimeout(resolve, 100)); // the other tab appends meanwhile
      tx.append("account.set", { id: 2, balance: row?.balance ?? -1 });
    });
    return attempts;
  });
  expect(attempts).toBe(5); // the first with exclusive use
  const done = () =>
    b.page.evaluate(() => (globalThis as unknown as { others: { done: number } }).others.done);
  const before = await done();
  await expect.poll(done).toBeGreaterThan(before);
  await b.page.evaluate(() => {
    (globalThis as unknown as { others: { stop: boolean } }).others.stop = true;
  });
});

test("a transaction that never reads the same twice ends in TransactionTimeout", async ({
  openTabs,
}) => {
  const [a] = await openTabs(2);
  const outcome = await a.page.evaluate(() =>
    lab.attempt(() =>
      store.transaction(async (tx) => {
        await tx.query("SELECT random() AS r");
        tx.append("item.added", { id: "x", tab: "a" });
      }),
    ),
  );
  expect(outcome).toMatchObject({ code: "TransactionTimeout", outcome: "none" });
  expect(await a.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 0 }]);
});

test("a tab that dies while it has exclusive use holds nobody up", async ({ openTabs }) => {
  const [a, b, c] = await openTabs(3);
  await openAccounts(a);
  await c.page.evaluate(() => {
    void (async () => {
      for (;;)
        await store.append("account.set", { id: 1, balance: Math.floor(Math.random() * 1e6) });
    })();
  });
  await b.page.evaluate(() => {
    let attempts = 0;
    void store.transaction(async (tx) => {
      attempts += 1;
      await tx.query("SELECT balance FROM account WHERE id = 1");
      if (attempts > 4) document.title = "exclusive";
      await new Promise((resolve) => setTimeout(resolve, attempts > 4 ? 60_000 : 50));
      tx.append("account.set", { id: 2, balance: 0 });
    });
  });
  await b.page.waitForFunction(() => document.title === "exclusive");
  await b.kill();
  const waited = await a.page.evaluate(async () => {
    const began = performance.now();
    await store.append("item.added", { id: "x", tab: "a" });
    return performance.now() - began;
  });
  expect(waited).toBeLessThan(5000);
});

test("a transaction is over when its function has ended", async ({ openTabs }) => {
  const [a] = await openTabs(1);
  const outcome = await a.page.evaluate(async () => {
    let late: (() => void) | undefined;
    await store.transaction((tx) => {
      late = () => tx.append("item.added", { id: "late", tab: "a" });
    });
    return lab.attempt(() => late?.());
  });
  expect(outcome.code).toBe("Closed");
});

test("what is wrong with a transaction's arguments is told before anything is appended", async ({
  openTabs,
}) => {
  const [a] = await openTabs(1);
  const codes = await a.page.evaluate(async () => {
    const transact = (run: unknown): Promise<{ code?: string }> =>
      lab.attempt(() => store.transaction(run as () => void));
    const outcomes = [
      await transact(5),
      await transact((tx: { append: (...args: unknown[]) => void }) => tx.append("nothing", {})),
      await transact((tx: { append: (...args: unknown[]) => void }) =>
        tx.append("item.added", { id: NaN, tab: "a" }),
      ),
      await transact(async (tx: { query: (sql: string) => Promise<unknown> }) => {
        for (let i = 0; i <= 1000; ++i) await tx.query(`SELECT ${i} AS x`);
        (tx as unknown as { append: (...args: unknown[]) => void }).append("item.added", {
          id: "x",
          tab: "a",
        });
      }),
    ];
    return outcomes.map(({ code }) => code);
  });
  expect(codes).toEqual(["InvalidArgument", "UnknownEvent", "InvalidArgument", "TooLarge"]);
  expect(await a.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 0 }]);
});
