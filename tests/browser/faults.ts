// What can befall the tabs: each ends, stands still, comes back or comes anew in every way that there is.
import { expect } from "./fixtures.js";
import { goOn, goOnDuring, join, type Fault } from "./stage.js";
import type { Tab } from "./tab.js";

const kAsked = 5; // runs of what an earlier version was held to

async function setLifecycle(tab: Tab, state: "frozen" | "active"): Promise<void> {
  const session = await tab.page.context().newCDPSession(tab.page);
  await session.send("Page.setWebLifecycleState", { state });
  await session.detach();
}

/** The leader's tab is gone. */
const endings: Fault[] = [
  { what: "the leader's renderer is killed", end: (leader: Tab) => leader.kill() },
  { what: "the leader's renderer crashes", end: (leader: Tab) => leader.crash() },
  { what: "the leader's tab is closed", end: (leader: Tab) => leader.close() },
].map(({ what, end }) => ({
  what,
  leader: "another term's",
  runs: kAsked,
  inject: async ({ tabs: [a, b, c] }) => {
    await end(a);
    return [b, c];
  },
}));

/** Workers end and their tab stays. */
const workerEnds: Fault[] = [
  {
    what: "the leader worker ends",
    leader: "another term's",
    runs: kAsked,
    inject: async ({ tabs }) => {
      await tabs[0].endWorker("leader");
      return tabs;
    },
  },
  {
    what: "the leader worker and the replica worker of its tab end",
    leader: "another term's",
    runs: kAsked,
    inject: async ({ tabs }) => {
      await Promise.all([tabs[0].endWorker("replica"), tabs[0].endWorker("leader")]);
      return tabs;
    },
  },
  {
    what: "a replica worker ends",
    leader: "the same",
    runs: kAsked,
    inject: async ({ tabs }) => {
      await tabs[1].endWorker("replica");
      return tabs;
    },
  },
];

/** The leader's tab leaves and comes back. */
const returns: Fault[] = [
  {
    what: "the leader's tab is reloaded",
    leader: "another term's",
    runs: kAsked,
    inject: async ({ tabs: [a, b, c], name }) => {
      await a.page.reload();
      await a.loaded();
      await goOn([b, c]);
      return [await join(a, { name }, "a2"), b, c];
    },
  },
  {
    what: "the leader's tab navigates and comes back",
    leader: "another term's",
    runs: kAsked,
    inject: async ({ tabs: [a, b, c], name, url }) => {
      await a.page.goto(`${url}elsewhere.html`);
      await goOn([b, c]);
      await a.goBack();
      // From the back/forward cache the page goes on where it was; otherwise it is a new one.
      const cached = await a.page.evaluate(() => "store" in globalThis);
      return [cached ? a : await join(a, { name }, "a2"), b, c];
    },
  },
  {
    what: "the leader's tab is frozen and goes on",
    leader: "another term's",
    runs: kAsked,
    hiding: true,
    inject: async ({ tabs: [a, b, c] }) => {
      expect(await a.page.evaluate(() => document.visibilityState)).toBe("hidden");
      await a.page.evaluate(() => {
        globalThis.frozen = 0;
        document.addEventListener("freeze", () => (globalThis.frozen += 1));
      });
      await setLifecycle(a, "frozen");
      await goOn([b, c]);
      await setLifecycle(a, "active");
      expect(await a.page.evaluate(() => globalThis.frozen)).toBe(1);
      return [a, b, c];
    },
  },
];

/** Tabs come that were not there. */
const arrivals: Fault[] = [
  {
    what: "the leader's tab is duplicated, and ends",
    leader: "another term's",
    inject: async ({ tabs: [a, b, c], name, adopt }) => {
      await a.page.evaluate(() => sessionStorage.setItem("mark", "copied"));
      const opened = a.page.context().waitForEvent("page");
      await a.page.evaluate(() => void window.open(location.href));
      const twin = await adopt(await opened);
      expect(await twin.page.evaluate(() => sessionStorage.getItem("mark"))).toBe("copied");
      await join(twin, { name }, "twin");
      expect((await twin.status()).clientId).not.toBe((await a.status()).clientId);
      await goOn([a, b, c, twin]);
      await a.close();
      return [b, c, twin];
    },
  },
  {
    what: "eight tabs open at the same moment",
    leader: "the same",
    inject: async ({ tabs, name, newTab }) => {
      const eight = await Promise.all(Array.from({ length: 8 }, newTab));
      await Promise.all(eight.map((tab, i) => join(tab, { name }, `new${i}`, 1)));
      return [...tabs, ...eight];
    },
  },
  {
    what: "all tabs are closed and come again",
    leader: "another term's",
    inject: async ({ tabs, name, newTab }) => {
      await Promise.all(tabs.map((tab) => tab.close()));
      const again = await Promise.all(Array.from({ length: 3 }, newTab));
      return Promise.all(again.map((tab, i) => join(tab, { name }, `again${i}`)));
    },
  },
];

// Bounds below ten seconds: nobody waits until the fault is over.
const kStuckMs = 10_000;
const kForkedMs = 8000; // leaderTimeout is 3 s; the rest is the machine's
const kNotWaitingMs = 8000;
/** A leader worker is silent for ten seconds before its page ends it, which takes up to two more. */
const kEndedMs = 20_000;

/** A query that takes about so long here. */
async function queryFor(tab: Tab, ms: number): Promise<number> {
  return tab.page.evaluate(async (wanted) => {
    const count = async (rows: number): Promise<number> => {
      const began = performance.now();
      const [row] = await store.query(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${rows}) SELECT max(i) AS i FROM n`,
      );
      if (row?.["i"] !== rows) throw new Error("the query has another result");
      return performance.now() - began;
    };
    const sample = 1_000_000;
    return count(Math.round((sample * wanted) / (await count(sample))));
  }, ms);
}

/** The tab that has stolen the lead of a stopped leader, before it leads. */
async function forking(tabs: readonly Tab[]): Promise<Tab> {
  const [asked] = tabs;
  const client = await asked?.page.evaluate(async () => {
    for (;;) {
      const { held = [] } = await navigator.locks.query();
      const holder = held.find(({ name }) => name?.endsWith(":fork"))?.clientId;
      const names = held.flatMap(({ clientId, name }) => (clientId === holder ? (name ?? []) : []));
      const [, tab] = /:worker:([0-9a-f]{32}):leader/.exec(names.join(" ")) ?? [];
      if (names.some((name) => name.endsWith(":leader"))) return tab;
    }
  });
  for (const tab of tabs) if ((await tab.status()).clientId === client) return tab;
  throw new Error("none of these tabs forks");
}

/** The leader's tab is busy, or its leader worker is. */
const stuck: Fault[] = [
  {
    what: "the main thread of the leader's tab is busy for ten seconds",
    leader: "the same",
    slow: true,
    inject: async ({ tabs: [a, b, c] }) => {
      const busy = a.page.evaluate((ms) => {
        const began = performance.now();
        while (performance.now() - began < ms);
      }, kStuckMs);
      await goOnDuring(busy, [b, c], kNotWaitingMs);
      return [a, b, c];
    },
  },
  {
    what: "a query of ten seconds runs in the leader's tab",
    leader: "the same",
    slow: true,
    inject: async ({ tabs: [a, b, c] }) => {
      const query = queryFor(a, kStuckMs);
      await goOnDuring(query, [b, c], kNotWaitingMs);
      expect(await query).toBeGreaterThan(kStuckMs / 2);
      return [a, b, c];
    },
  },
  {
    what: "the leader's process is stopped for ten seconds and goes on",
    leader: "another term's",
    slow: true,
    expectation: { failures: ["LeaderUnresponsive"] },
    inject: async ({ tabs: [a, b, c] }) => {
      await a.whileStopped(async () => {
        const over = new Promise((resolve) => setTimeout(resolve, kStuckMs));
        await goOn([b, c], kForkedMs);
        expect((await b.status()).generation).toBe(1);
        await goOnDuring(over, [b, c], kNotWaitingMs);
      });
      return [a, b, c];
    },
  },
  {
    what: "the leader's process is stopped and the tab that takes its place is killed at that",
    leader: "another term's",
    slow: true,
    expectation: { failures: ["LeaderUnresponsive"] },
    inject: async ({ tabs: [a, b, c] }) => {
      const processes = new Map([
        [b, await b.process()],
        [c, await c.process()],
      ]);
      return a.whileStopped(async () => {
        const killed = await forking([b, c]);
        const left = killed === b ? c : b;
        await killed.kill(processes.get(killed));
        await goOn([left], 2 * kForkedMs);
        expect((await left.status()).generation).toBeGreaterThan(0);
        return [a, left];
      });
    },
  },
  {
    what: "the leader worker is in an endless loop",
    leader: "another term's",
    slow: true,
    expectation: { failures: ["LeaderUnresponsive"] },
    inject: async ({ tabs }) => {
      // In a task of its own: the browser does not end a worker in the middle of what a debugger asked for.
      await (
        await leaderWorker(tabs[0])
      ).evaluate(() => {
        setTimeout(() => {
          for (;;);
        });
      });
      await goOn(tabs, kEndedMs);
      return tabs;
    },
  },
];

/** Asked by a tab without a copy of the database; the next leader is not asked it again. */
const endlessQuery: Fault = {
  what: "a query that never ends is asked of the leader",
  leader: "another term's",
  slow: true,
  runs: 0,
  expectation: { failures: ["LeaderUnresponsive"] },
  inject: async ({ tabs, name, newTab }) => {
    const asking = await newTab();
    await asking.openStore({ name, replica: "none" });
    const asked = asking.page.evaluate(() =>
      lab.attempt(() =>
        store.query(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        ),
      ),
    );
    await goOn(tabs, kEndedMs);
    expect(await asked).toMatchObject({ code: "LeaderUnresponsive" });
    return tabs;
  },
};

async function leaderWorker(tab: Tab): Promise<ReturnType<Tab["page"]["workers"]>[number]> {
  for (const worker of tab.page.workers()) {
    if ((await worker.evaluate(() => self.name)) === "tablog leader") return worker;
  }
  throw new Error("the tab has no leader worker");
}

export const tabFaults: readonly Fault[] = [
  ...endings,
  ...workerEnds,
  ...returns,
  ...arrivals,
  ...stuck,
  endlessQuery,
];
