// The pool of slots is the official opfs-sahpool's: each side reads what the other wrote.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

interface Answer<T> {
  version: string;
  value: T;
}

/** Runs an action of pages/official.js on the store's pool; its worker is ended, and its handles with it. */
async function official<T>(tab: Tab, name: string, action: string): Promise<Answer<T>> {
  return tab.page.evaluate(
    ([store, what]) =>
      new Promise<Answer<T>>((resolve, reject) => {
        const worker = new Worker("official.js", { type: "module" });
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = ({ data }: MessageEvent<Answer<T> & { error?: string }>) => {
          worker.terminate();
          if (data.error === undefined) resolve(data);
          else reject(new Error(data.error));
        };
        worker.postMessage({ directory: `tablog/${store}/g0/db`, action: what });
      }),
    [name, action] as const,
  );
}

test("the official sqlite-wasm reads our pool, and we read what it wrote", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  await tab.openStore({ name });
  await tab.page.evaluate(async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        store.append("item.added", { id: `${i}`, tab: "ours" }),
      ),
    );
    await store.checkpoint();
    await store.append("item.added", { id: "in the WAL", tab: "ours" });
    await store.exportDatabase(); // takes the commit of what was acknowledged, and no checkpoint
  });
  await tab.page.reload(); // its leader worker ends as it is
  const rows = [...Array.from({ length: 200 }, (_, i) => `${i}`), "in the WAL"].map((id) => ({
    id,
    tab: "ours",
  }));

  const read = await official<{ rows: unknown[]; integrity: string }>(tab, name, "read");
  expect(read.version).toBe("3.54.1");
  expect(read.value).toEqual({ rows, integrity: "ok" });

  const files = await official<string[]>(tab, name, "rewrite");
  expect(files.value).toContain("/theirs.sqlite3");
  await tab.openStore({ name });
  expect(await tab.query("SELECT id, tab FROM item ORDER BY seq")).toEqual(rows);
  await tab.page.evaluate(async () => {
    await store.append("item.added", { id: "more", tab: "ours" });
    await store.close();
  });

  expect((await official<number>(tab, name, "readTheirs")).value).toBe(42);
  const again = await official<{ rows: unknown[]; integrity: string }>(tab, name, "read");
  expect(again.value).toEqual({ rows: [...rows, { id: "more", tab: "ours" }], integrity: "ok" });
});

test("an exported database opens in the official sqlite-wasm's eyes as a plain file", async ({
  openTabs,
}) => {
  const [tab] = await openTabs(1);
  const header = await tab.page.evaluate(async () => {
    await store.append("item.added", { id: "x", tab: "ours" });
    const bytes = new Uint8Array(await (await store.exportDatabase()).arrayBuffer());
    const view = new DataView(bytes.buffer);
    return {
      pages: view.getUint32(28),
      pageBytes: view.getUint16(16),
      bytes: bytes.length,
      journal: [bytes[18], bytes[19]],
    };
  });
  // Rollback journal, not WAL: readable by every build.
  expect(header?.journal).toEqual([1, 1]);
  expect(header?.bytes).toBe((header?.pages ?? 0) * (header?.pageBytes ?? 0));
});
