// A store from a file: an exported log, or a SQLite database.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

/** Appends, exports from a store named `name`-source, which is closed then; puts the file into the page. */
async function exported(tab: Tab, name: string, what: "log" | "database"): Promise<unknown> {
  return tab.page.evaluate(
    async ([source, kind]) => {
      const from = await tablog.openStore({ name: source, schema: lab.schema });
      const all: Promise<unknown>[] = [];
      for (let i = 0; i < 500; ++i)
        all.push(from.append("item.added", { id: `${i}`, tab: "t".repeat(200) }));
      await Promise.all(all);
      const verified = await from.verify();
      const file = kind === "log" ? await from.exportLog() : await from.exportDatabase();
      await from.close();
      Object.assign(globalThis, { file });
      return { head: from.status.head, digests: verified.tables };
    },
    [`${name}-source`, what] as const,
  );
}

/** Of all stores of the profile. */
function generations(tab: Tab): Promise<string[]> {
  return tab.page.evaluate(async () => {
    const names: string[] = [];
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("tablog");
    for await (const store of root.values()) {
      if (store.kind !== "directory") continue;
      for await (const name of (store as FileSystemDirectoryHandle).keys())
        if (/^g\d/.test(name)) names.push(`${store.name}/${name}`);
    }
    return names.sort();
  });
}

const kSums = "SELECT count(*) AS n, sum(length(tab)) AS bytes, min(at) AS first FROM item";

test("an exported log becomes a new store's, entry by entry, in every tab", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  const source = (await exported(tab, name, "log")) as { head: number; digests: object };
  const other = await newTab();
  await other.openStore({ name });
  await tab.openStore({ name });
  const imported = await tab.page.evaluate(async () => {
    const { file } = globalThis as unknown as { file: Blob };
    const progress: number[] = [];
    const last = await store.importLog(file, {
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    const kinds: string[] = [];
    for await (const entry of store.read({ control: true, to: 4 })) kinds.push(entry.kind);
    return { last, kinds, told: progress.at(-1), digests: (await store.verify()).tables };
  });
  expect(imported).toMatchObject({ told: 1, kinds: ["term", "schema", "event", "event"] });
  expect(imported.last).toBeGreaterThanOrEqual(source.head);
  expect(imported.digests).toEqual(source.digests);
  for (const each of [tab, other]) {
    await each.page.evaluate(() => store.append("item.added", { id: "more", tab: "" }));
  }
  expect(await other.query(kSums)).toEqual([{ n: 502, bytes: 100_000, first: 3 }]);
  await Promise.all([tab, other].map((each) => each.page.reload()));
  await Promise.all([tab, other].map((each) => each.loaded()));
  await other.openStore({ name });
  expect(await other.query(kSums)).toEqual([{ n: 502, bytes: 100_000, first: 3 }]);
});

test("a database becomes the first state of a new store", async ({ newTab, name }) => {
  const tab = await newTab();
  const source = (await exported(tab, name, "database")) as { digests: object };
  await tab.openStore({ name });
  const imported = await tab.page.evaluate(async () => {
    const { file } = globalThis as unknown as { file: Blob };
    await store.importDatabase(file);
    const { tables } = await store.verify();
    const { index } = await store.append("item.added", { id: "more", tab: "" });
    const past = await store.at(index - 1);
    const [then] = await past.query("SELECT count(*) AS n FROM item");
    await past.close();
    return { tables, then, early: await lab.attempt(() => store.read().next()) };
  });
  expect(imported.tables).toEqual(source.digests);
  expect(imported.then).toEqual({ n: 500 });
  expect(imported.early.code).toBe("Compacted");
  expect(await tab.query(kSums)).toEqual([{ n: 501, bytes: 100_000, first: 3 }]);
  const again = await newTab();
  await again.openStore({ name });
  expect(await again.query(kSums)).toEqual([{ n: 501, bytes: 100_000, first: 3 }]);
});

test("what is wrong with a file, or with the store, changes nothing", async ({ newTab, name }) => {
  const tab = await newTab();
  await exported(tab, name, "log");
  await tab.openStore({ name });
  const before = await generations(tab);
  const outcomes = await tab.page.evaluate(async () => {
    const { file } = globalThis as unknown as { file: Blob };
    const bytes = new Uint8Array(await file.arrayBuffer());
    const flipped = bytes.slice();
    // Within a text of an entry: between two frames there are bytes that mean nothing.
    const middle = bytes.indexOf("t".charCodeAt(0), Math.floor(bytes.length / 2));
    flipped[bytes.findIndex((byte, i) => i > middle && byte === 116 && bytes[i + 9] === 116)]! ^= 1;
    const blob = (part: Uint8Array<ArrayBuffer>): Blob => new Blob([part]);
    const code = async (call: () => Promise<unknown>): Promise<unknown> =>
      (await lab.attempt(call)).code;
    const codes = {
      cut: await code(() => store.importLog(blob(bytes.slice(0, -100)))),
      flipped: await code(() => store.importLog(blob(flipped))),
      longer: await code(() => store.importLog(new Blob([file, "x"]))),
      text: await code(() => store.importLog(new Blob(["not a log"]))),
      empty: await code(() => store.importLog(new Blob([]))),
      notADatabase: await code(() => store.importDatabase(blob(bytes))),
      noFile: await code(() => store.importLog("log" as unknown as Blob)),
      aborted: await code(() => store.importLog(file, { signal: AbortSignal.abort() })),
    };
    await store.append("item.added", { id: "mine", tab: "t" });
    return { ...codes, notEmpty: await code(() => store.importLog(file)) };
  });
  expect(outcomes).toEqual({
    cut: "Corrupt",
    flipped: "Corrupt",
    longer: "Corrupt",
    text: "InvalidArgument",
    empty: "InvalidArgument",
    notADatabase: "Corrupt",
    noFile: "InvalidArgument",
    aborted: "Aborted",
    notEmpty: "NotEmpty",
  });
  expect(await tab.query("SELECT id FROM item")).toEqual([{ id: "mine" }]);
  expect(await generations(tab)).toEqual(before); // nothing of the attempts is left
});

test("of two imports at once one is taken, and the other is refused", async ({ newTab, name }) => {
  const tabs = [await newTab(), await newTab()] as const;
  for (const [i, tab] of tabs.entries()) await exported(tab, `${name}-${i}`, "log");
  for (const tab of tabs) await tab.openStore({ name });
  const outcomes = await Promise.all(
    tabs.map((tab) =>
      tab.page.evaluate(() =>
        lab.attempt(() => store.importLog((globalThis as unknown as { file: Blob }).file)),
      ),
    ),
  );
  expect(outcomes.map(({ code }) => code ?? "taken").sort()).toEqual(["NotEmpty", "taken"]);
  for (const tab of tabs) expect(await tab.query(kSums)).toMatchObject([{ n: 500 }]);
  const left = (await generations(tabs[0])).filter((each) => each.includes(`${name}/`));
  expect(left.length).toBeLessThanOrEqual(2); // the one before may still be there
});

test("appends that meet an import are there, or the import is", async ({ newTab, name }) => {
  const importing = await newTab();
  const appending = await newTab();
  await exported(importing, name, "log");
  for (const tab of [importing, appending]) await tab.openStore({ name });
  const [imported, acknowledged] = await Promise.all([
    importing.page.evaluate(() =>
      lab.attempt(() => store.importLog((globalThis as unknown as { file: Blob }).file)),
    ),
    appending.page.evaluate(async () => {
      const accepted: string[] = [];
      for (let i = 0; i < 100; ++i) {
        const { code } = await lab.attempt(() =>
          store.append("item.added", { id: `a${i}`, tab: "" }),
        );
        if (code === undefined) accepted.push(`a${i}`);
      }
      return accepted;
    }),
  ]);
  const rows = await appending.query("SELECT id FROM item WHERE tab = ''");
  expect(rows.map(({ id }) => id)).toEqual(acknowledged);
  const [count] = await importing.query("SELECT count(*) AS n FROM item WHERE tab <> ''");
  expect(count).toEqual({ n: imported.code === undefined ? 500 : 0 });
  expect([undefined, "NotEmpty"]).toContain(imported.code);
});

test("an imported store opens again and again, and grows no files", async ({ newTab, name }) => {
  const tab = await newTab();
  await exported(tab, name, "log");
  const slots = await tab.page.evaluate(async (own) => {
    const first = await tablog.openStore({ name: own, schema: lab.schema });
    await first.importLog((globalThis as unknown as { file: Blob }).file);
    await first.close();
    const counts: unknown[] = [];
    for (let i = 0; i < 20; ++i) {
      const again = await tablog.openStore({ name: own, schema: lab.schema });
      await again.append("item.added", { id: `n${i}`, tab: "" });
      const { state } = (await again.stats()) as unknown as { state: { slots: number } };
      counts.push(state.slots);
      await again.close();
    }
    return counts;
  }, name);
  expect(new Set(slots).size).toBe(1);
});

test("a worker of a call that ends ends the call", async ({ newTab, name }) => {
  const tab = await newTab();
  await exported(tab, name, "log");
  await tab.openStore({ name });
  const end = (worker: string): Promise<unknown> =>
    tab.page.evaluate(async (which) => {
      const calls = {
        "tablog import": () => store.importLog((globalThis as unknown as { file: Blob }).file),
        "tablog past": async () => {
          const past = await store.at(1);
          workers.at(-1)?.worker.terminate();
          return past.query("SELECT 1");
        },
      };
      const call = lab.attempt<unknown>(calls[which as keyof typeof calls]);
      while (workers.at(-1)?.name !== which) await new Promise((r) => setTimeout(r));
      if (which === "tablog import") {
        const { worker } = workers.at(-1)!;
        worker.addEventListener("message", () => worker.terminate(), { once: true });
      }
      return (await call).code;
    }, worker);
  expect(await end("tablog import")).toBe("LoadFailed");
  expect(await end("tablog past")).toBe("LoadFailed");
});
