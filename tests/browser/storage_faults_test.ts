// What can befall the files: a full disk, damage, and a lead that nobody has yet.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

const kEvents = 40;

async function appendSome(tab: Tab, count: number): Promise<void> {
  await tab.page.evaluate(async (events) => {
    for (let i = 0; i < events; ++i) await store.append("item.added", { id: `${i}`, tab: "t" });
  }, count);
}

async function count(tab: Tab): Promise<unknown> {
  return (await tab.query("SELECT count(*) AS n FROM item"))[0]?.["n"];
}

/** Changes the file of the log's first segment behind the store's back; no tab has it open. */
async function changeSegment(
  tab: Tab,
  name: string,
  change: { flipAt: number } | { cutAt: number },
): Promise<void> {
  await tab.page.evaluate(
    async ([store, how]) => {
      let directory = await navigator.storage.getDirectory();
      for (const part of ["tablog", store, "g0", "log"])
        directory = await directory.getDirectoryHandle(part);
      for await (const handle of directory.values()) {
        const file = await (handle as FileSystemFileHandle).getFile();
        const bytes = new Uint8Array(await file.arrayBuffer());
        if (new TextDecoder().decode(bytes.subarray(0, 8)) !== "TBLogSeg") continue;
        // The worker that held it is being ended: its handle is let go a moment later.
        const open = (): Promise<FileSystemWritableFileStream> =>
          (handle as FileSystemFileHandle).createWritable().catch((error: unknown) => {
            if ((error as DOMException).name !== "NoModificationAllowedError") throw error;
            return open();
          });
        const writable = await open();
        if ("flipAt" in how) bytes[how.flipAt] = (bytes[how.flipAt] ?? 0) ^ 1;
        await writable.write("cutAt" in how ? bytes.subarray(0, how.cutAt) : bytes);
        await writable.close();
        return;
      }
      throw new Error("no segment found");
    },
    [name, change] as const,
  );
}

test("on a full disk appends are QuotaExceeded, all else goes on, and so do appends once there is room", async ({
  openTabs,
  url,
}) => {
  const [leader, other] = await openTabs(2);
  await appendSome(leader, kEvents);
  const session = await leader.page.context().newCDPSession(leader.page);
  const { origin } = new URL(url);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
  try {
    const { taken, refused } = await other.page.evaluate(async () => {
      const body = "x".repeat(100_000);
      for (let taken = 0; ; ++taken) {
        const outcome = await lab.attempt(() =>
          store.append("item.added", { id: body, tab: "full" }),
        );
        if (outcome.code !== undefined) return { taken, refused: outcome };
      }
    });
    expect(refused).toMatchObject({ code: "QuotaExceeded", outcome: "none" });
    expect(await count(other)).toBe(kEvents + taken);
    expect(await leader.leads()).toBe(true);
    const exported = await leader.page.evaluate(async () => (await store.exportLog()).size);
    expect(exported).toBeGreaterThan(taken * 100_000);

    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await appendSome(other, 1);
    expect(await count(other)).toBe(kEvents + taken + 1);
    await expect.poll(() => count(leader)).toBe(kEvents + taken + 1);
  } finally {
    await session.send("Storage.overrideQuotaForOrigin", { origin });
  }
});

/** How much room is held back for a fork. */
async function spareBytes(tab: Tab, name: string): Promise<number> {
  return tab.page.evaluate(async (store) => {
    const root = await navigator.storage.getDirectory();
    const directory = await (await root.getDirectoryHandle("tablog")).getDirectoryHandle(store);
    const spare = await directory.getFileHandle("spare").catch(() => undefined);
    return (await spare?.getFile())?.size ?? 0;
  }, name);
}

test("a leader that is stopped on a full disk is replaced", async ({ openTabs, name, url }) => {
  const [leader, other] = await openTabs(2);
  await appendSome(leader, kEvents);
  await expect.poll(() => spareBytes(other, name)).toBeGreaterThan(2 ** 20);
  const { term } = await leader.status();
  const session = await other.page.context().newCDPSession(other.page);
  const { origin } = new URL(url);
  const full = await other.page.evaluate(async () => (await navigator.storage.estimate()).usage);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: full ?? 1 });
  try {
    await leader.whileStopped(async () => {
      const n = await other.page.evaluate(async () => {
        await store.append("item.added", { id: "of the fork", tab: "t" });
        const [row] = await store.query("SELECT count(*) AS n FROM item", [], {
          consistency: "linearizable",
        });
        return row?.["n"];
      });
      expect(n).toBe(kEvents + 1);
      expect(await other.leads()).toBe(true);
      expect((await other.status()).term).toBeGreaterThanOrEqual(term + 2 ** 32);
    });
    await expect.poll(() => count(leader)).toBe(kEvents + 1);
  } finally {
    await session.send("Storage.overrideQuotaForOrigin", { origin });
  }
});

test("verify finds a flipped byte that opening need not read", async ({ newTab, name }) => {
  const tab = await newTab();
  await tab.openStore({ name });
  await appendSome(tab, kEvents);
  await tab.page.evaluate(() => store.close());
  await changeSegment(tab, name, { flipAt: 4096 + 600 });
  const found = await tab.page.evaluate(
    (store_) =>
      lab.attempt(async () => {
        await lab.open({ name: store_ });
        return store.verify();
      }),
    name,
  );
  expect(found.code).toBe("Corrupt");
  expect(found.index).toBeGreaterThan(0);
});

test("a log that was cut is Corrupt when it is opened, and nothing is changed", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  await tab.openStore({ name });
  await appendSome(tab, kEvents);
  await tab.page.evaluate(() => store.close());
  await changeSegment(tab, name, { cutAt: 5000 });
  const opened = () =>
    tab.page.evaluate((store) => lab.attempt(() => lab.open({ name: store })), name);
  const refused = await opened();
  expect(refused.code).toBe("Corrupt");
  expect(refused.index).toBeGreaterThan(1);
  expect(refused.message).toContain("offset");
  expect(await opened()).toEqual(refused);
});

test("a flipped byte in the log is Corrupt with its index, and a tab that needs no entry goes on", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  await tab.openStore({ name });
  await appendSome(tab, kEvents);
  await tab.page.evaluate(() => store.close());
  await changeSegment(tab, name, { flipAt: 4096 + 60 });
  const told = await tab.page.evaluate(
    (store) => lab.attempt(() => lab.open({ name: store })),
    name,
  );
  expect(told).toMatchObject({ code: "Corrupt", index: 1 });
  expect(told.message).toContain("offset 4096");
  // Without a replica of its own a tab reads no entry: the state is sound.
  await tab.openStore({ name, replica: "none" });
  expect(await count(tab)).toBe(kEvents);
  await appendSome(tab, 1);
  const read = () => lab.attempt(() => Array.fromAsync(store.read({ control: true })));
  expect(await tab.page.evaluate(read)).toMatchObject({ code: "Corrupt", index: 1 });
});

test("a store opens when somebody can lead, and what was asked before is done then", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  const rows = await tab.page.evaluate(async (store) => {
    let release: () => void = () => undefined;
    await new Promise<void>((held) => {
      void navigator.locks.request(`tablog:${store}:leader`, () => {
        held();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });
    let opened = false;
    const opening = lab.open({ name: store }).then(() => (opened = true));
    // Its leader worker waits for the lock: from then on nothing but the lock is missing.
    for (;;) {
      const { pending = [] } = await navigator.locks.query();
      if (pending.some((lock) => lock.name === `tablog:${store}:leader`)) break;
    }
    const early = opened;
    release();
    await opening;
    await globalThis.store.append("item.added", { id: "x", tab: "t" });
    return { early, rows: await globalThis.store.query("SELECT id FROM item") };
  }, name);
  expect(rows).toEqual({ early: false, rows: [{ id: "x" }] });
});
