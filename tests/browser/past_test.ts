// The store as of an earlier index.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

async function append(tab: Tab, count: number): Promise<void> {
  await tab.page.evaluate(async (events) => {
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < events; ++i) all.push(store.append("item.added", { id: `${i}`, tab: "t" }));
    await Promise.all(all);
  }, count);
}

/** Items at these indexes, each asked of a store of its own. */
function countsAt(tab: Tab, indexes: readonly number[]): Promise<unknown[]> {
  return tab.page.evaluate(async (asked) => {
    const counts: unknown[] = [];
    for (const index of asked) {
      const past = await store.at(index);
      const [row] = await past.query("SELECT count(*) AS n, max(at) AS at FROM item");
      counts.push([past.index, row?.["n"], row?.["at"]]);
      await past.close();
    }
    return counts;
  }, indexes);
}

test("at(index) is the state after that entry, in any tab, while others go on", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [a] = await openTabs(1);
  const { head } = await a.status();
  await append(a, 50);
  const none = await newTab();
  await none.openStore({ name, replica: "none" });
  const indexes = [head + 50, head + 1, head, head + 17];
  const expected = indexes.map((index) => [index, index - head, index === head ? null : index]);
  expect(await countsAt(a, indexes)).toEqual(expected);
  expect(await countsAt(none, indexes)).toEqual(expected);
  await append(a, 1);
  expect(await a.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 51 }]);
});

test("what does not exist yet, a write, and a closed one are typed errors", async ({
  openTabs,
}) => {
  const [a] = await openTabs(1);
  await append(a, 3);
  const outcomes = await a.page.evaluate(async () => {
    const { head } = store.status;
    const past = await store.at(head);
    const written = await lab.attempt(() => past.query("DELETE FROM item"));
    await past.close();
    const signal = AbortSignal.abort();
    return [
      await lab.attempt(() => store.at(head + 1)),
      await lab.attempt(() => store.at(-1)),
      await lab.attempt(() => store.at(1.5)),
      written,
      await lab.attempt(() => past.query("SELECT 1")),
      await lab.attempt(() => store.at(1, { signal })),
    ].map(({ code }) => code);
  });
  const invalid = "InvalidArgument";
  expect(outcomes).toEqual([invalid, invalid, invalid, "QueryFailed", "Closed", "Aborted"]);
});

test("snapshots are kept, used, and not needed", async ({ openTabs, newTab, name }) => {
  const [a] = await openTabs(1);
  const kept = (): Promise<string[]> =>
    a.page.evaluate(async (key) => {
      let directory = await navigator.storage.getDirectory();
      const names: string[] = [];
      try {
        for (const part of ["tablog", key, "g0", "snapshots"])
          directory = await directory.getDirectoryHandle(part);
        for await (const file of directory.keys()) names.push(file);
      } catch {
        return []; // none yet
      }
      return names;
    }, name);
  await append(a, 12_000);
  await a.page.evaluate(() => store.checkpoint());
  await expect.poll(async () => (await kept()).length).toBeGreaterThan(0);
  const [snapshot] = (await kept()).map(Number);
  await append(a, 200);
  if (snapshot === undefined) throw new Error("there is a snapshot");
  const index = snapshot + 100;
  const [then] = await a.query("SELECT count(*) AS n, max(at) AS at FROM item WHERE at <= ?", [
    index,
  ]);
  const tab = await newTab();
  await tab.openStore({ name });
  const progress = await tab.page.evaluate(async (asked) => {
    const told: number[] = [];
    const past = await store.at(asked, { onProgress: ({ total }) => void told.push(total) });
    const [row] = await past.query("SELECT count(*) AS n FROM item");
    await past.close();
    return { n: row?.["n"], total: told.at(-1) ?? 0 };
  }, index);
  expect(progress).toEqual({ n: then?.["n"], total: 100 });
  // Torn, it is passed over.
  await tab.page.evaluate(
    async ([key, file]) => {
      let directory = await navigator.storage.getDirectory();
      for (const part of ["tablog", key, "g0", "snapshots"])
        directory = await directory.getDirectoryHandle(part);
      const writable = await (
        await directory.getFileHandle(file)
      ).createWritable({
        keepExistingData: true,
      });
      await writable.write({ type: "write", position: 9000, data: new Uint8Array(8192) });
      await writable.close();
    },
    [name, String(snapshot)] as const,
  );
  expect(await countsAt(tab, [index])).toEqual([[index, then?.["n"], then?.["at"]]]);
});
