// What can befall that which the tabs share: the disk's room, the site's data, the builds that are open at once.
import { expect } from "./fixtures.js";
import { goOn, join, type Fault } from "./stage.js";
import type { Tab } from "./tab.js";

/** Appends to a store until its disk is full, in smaller and smaller pieces. */
async function fill(tab: Tab): Promise<void> {
  await tab.page.evaluate(async () => {
    for (let bytes = 200_000; bytes >= 1; bytes = Math.floor(bytes / 8)) {
      const append = () => store.append("filler.added", { body: "x".repeat(bytes) });
      for (;;) {
        const { code, message } = await lab.attempt(append);
        if (code === "QuotaExceeded") break;
        if (code !== undefined) throw new Error(`${code}: ${message}`);
      }
    }
  });
}

/** Room that is left when the quota comes down, for all to run out of. */
const kRoomBytes = 512 * 1024;

const quota: Fault = {
  what: "the disk is full and has room again",
  leader: "anyone", // docs/reliability.md, what is not held yet
  expectation: { refusals: ["QuotaExceeded"] },
  inject: async ({ tabs, name, url, newTab }) => {
    const filler = await newTab();
    await filler.openStore({ name });
    const session = await filler.page.context().newCDPSession(filler.page);
    const { origin } = new URL(url);
    const used = await filler.page.evaluate(async () => (await navigator.storage.estimate()).usage);
    const quotaSize = (used ?? 0) + kRoomBytes;
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
    try {
      await fill(filler);
      await Promise.all(tabs.flatMap((tab) => [tab.isRefused(2), tab.reads(2)]));
    } finally {
      await session.send("Storage.overrideQuotaForOrigin", { origin });
    }
    return tabs;
  },
};

const cleared: Fault = {
  what: "the site's data are cleared",
  leader: "anyone", // the terms of a new store begin anew
  spoils: true, // once its tabs are closed, the next getDirectory() takes 27 s
  expectation: {
    deleted: true,
    refusals: ["StorageUnavailable"],
    failures: ["StorageUnavailable"],
  },
  inject: async ({ tabs, url }) => {
    const session = await tabs[1].page.context().newCDPSession(tabs[1].page);
    const { origin } = new URL(url);
    await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await Promise.all(tabs.map((tab) => tab.rollsBack()));
    return tabs;
  },
};

const newerApp: Fault = {
  what: "a newer version of the app opens beside older ones",
  leader: "another term's",
  expectation: { failures: ["SchemaTooOld"] },
  inject: async ({ tabs, name, newTab }) => {
    const newer = { name, newer: true };
    const first = await join(await newTab(), newer, "d");
    // What the older ones append goes on; what they would show is not theirs to know.
    await Promise.all(tabs.map((tab) => tab.fails(2)));
    await goOn([first]);
    for (const tab of tabs) {
      const label = `${tab.label}2`;
      await tab.page.reload();
      await tab.loaded();
      await join(tab, newer, label);
    }
    return [...tabs, first];
  },
};

const olderBuild: Fault = {
  what: "an older build opens beside newer ones",
  leader: "the same",
  inject: async ({ tabs, name, newTab }) => {
    const older = await newTab();
    const refused = await older.attemptToOpen({ name, build: "older" });
    expect(refused).toMatchObject({ code: "EngineTooOld" });
    expect(refused.message).toContain("reload");
    await goOn(tabs);
    await older.page.reload();
    await older.loaded();
    return [...tabs, await join(older, { name }, "d")];
  },
};

export const sharedFaults: readonly Fault[] = [quota, cleared, newerApp, olderBuild];
