// A state database that is wrong, in the leader: what no hook of the package's own can be asked to do.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

/** Puts other words into the state database's file behind the store's back; no tab has it open. */
async function rot(tab: Tab, name: string, from: string, to: string): Promise<void> {
  const places = await tab.page.evaluate(
    async ([store, before, after]) => {
      let directory = await navigator.storage.getDirectory();
      for (const part of ["tablog", store, "g0", "db", ".opaque"])
        directory = await directory.getDirectoryHandle(part);
      let changed = 0;
      for await (const handle of directory.values()) {
        const file = handle as FileSystemFileHandle;
        const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
        const text = new TextDecoder("latin1").decode(bytes);
        const places = [...text.matchAll(new RegExp(before, "g"))];
        if (places.length === 0) continue;
        for (const { index } of places) bytes.set(new TextEncoder().encode(after), index);
        // The worker that held it is being ended: its handle is let go a moment later.
        const open = (): Promise<FileSystemWritableFileStream> =>
          file.createWritable().catch((error: unknown) => {
            if ((error as DOMException).name !== "NoModificationAllowedError") throw error;
            return open();
          });
        const writable = await open();
        await writable.write(bytes);
        await writable.close();
        changed += places.length;
      }
      return changed;
    },
    [name, from, to] as const,
  );
  expect(places).toBeGreaterThan(0);
}

/** What the store tells by events from now on. */
async function listen(tab: Tab): Promise<() => Promise<string[]>> {
  const told = await tab.page.evaluateHandle(() => {
    const events: string[] = [];
    store.addEventListener("error", ({ error }) => events.push(`${error.code}: ${error.message}`));
    for (const kind of ["divergence", "rollback"] as const)
      store.addEventListener(kind, ({ detail }) => events.push(`${kind}: ${detail.detail}`));
    return events;
  });
  return () => told.jsonValue();
}

test("a leader whose rows have rotted steps down at the next commit over them, and nobody gets them", async ({
  newTab,
  name,
}) => {
  const [leader, other] = [await newTab(), await newTab()];
  await leader.openStore({ name });
  await leader.page.evaluate(async () => {
    for (const id of ["one", "milk", "two"]) await store.append("item.added", { id, tab: "t" });
    await store.close();
  });
  await rot(leader, name, "milk", "beer");
  await leader.openStore({ name });
  await other.openStore({ name });
  const told = [await listen(leader), await listen(other)];
  const { term } = await leader.status();
  await other.page.evaluate(() => store.exec("UPDATE item SET tab = 'u' WHERE seq = 2"));
  await expect.poll(async () => (await leader.status()).term).toBeGreaterThan(term);
  await leader.page.evaluate(() => store.append("item.added", { id: "three", tab: "t" }));
  const rows = [
    { id: "one", tab: "t" },
    { id: "milk", tab: "u" },
    { id: "two", tab: "t" },
    { id: "three", tab: "t" },
  ];
  for (const tab of [leader, other]) {
    await expect.poll(() => tab.query("SELECT id, tab FROM item ORDER BY seq")).toEqual(rows);
    await tab.page.evaluate(() => store.verify());
  }
  const events = (await Promise.all(told.map((each) => each()))).flat();
  expect(events).toEqual([expect.stringMatching(/^Corrupt: .*\(item\); it is rebuilt/)]);
});
