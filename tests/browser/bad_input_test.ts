// Bad input and bad surroundings: each gives the typed error that DESIGN section 8 names, nothing is
// lost, and nothing hangs.
import { serve } from "../../scripts/static_server.mjs";
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

type Attempted = Awaited<ReturnType<typeof lab.attempt>>;

/** After any refusal the store still takes an append, as the next entry. */
async function expectUntouched(tab: Tab): Promise<void> {
  const rows = await tab.page.evaluate(async () => {
    await store.append("item.added", { id: "after", tab: "t" });
    return store.query("SELECT id FROM item");
  });
  expect(rows).toEqual([{ id: "after" }]);
}

test("an unknown event type names the nearest", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const refused = await tab.page.evaluate(() =>
    lab.attempt(() => store.append("item.aded", { id: "x", tab: "t" })),
  );
  expect(refused).toMatchObject({ code: "UnknownEvent", outcome: "none" });
  expect(refused.message).toContain("item.added");
  await expectUntouched(tab);
});

test("missing, extra and unstorable parameters are named", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const refused = await tab.page.evaluate(async () => {
    const append = (args: unknown): Promise<Attempted> =>
      lab.attempt(() => store.append("item.added", args as Record<string, never>));
    return {
      missing: await append({ id: "x" }),
      extra: await append({ id: "x", tab: "t", colour: 1 }),
      undefinedValue: await append({ id: undefined, tab: "t" }),
      nan: await append({ id: { price: [NaN] }, tab: "t" }),
      big: await append({ id: 2n ** 63n, tab: "t" }),
      surrogate: await append({ id: "\ud800", tab: "t" }),
      none: await append(null),
      type: await lab.attempt(() => store.append(7 as unknown as string, {})),
      queryParameter: await lab.attempt(() => store.query("SELECT :a", { b: 1 })),
      queryCount: await lab.attempt(() => store.query("SELECT ?, ?", [1])),
    };
  });
  for (const [what, { code }] of Object.entries(refused))
    expect(code, what).toBe("InvalidArgument");
  expect(refused.missing.message).toContain("tab");
  expect(refused.extra.message).toContain("colour");
  expect(refused.undefinedValue.message).toContain("args.id");
  expect(refused.nan.message).toContain("args.id.price[0]");
  await expectUntouched(tab);
});

test("SQL that fails is Rejected with SQLite's words, and its neighbours in the batch stand", async ({
  openTabs,
}) => {
  const [tab] = await openTabs(1);
  const outcome = await tab.page.evaluate(async () => {
    const append = (type: string, args: Record<string, string | number>): Promise<Attempted> =>
      lab.attempt(() => store.append(type, args));
    // Not awaited: they are one batch of the leader.
    const outcomes = await Promise.all([
      append("name.taken", { name: "a" }),
      append("name.taken", { name: "a" }),
      append("child.added", { id: 1, parent: 77 }),
      append("name.forced", { name: "a" }),
      append("name.taken", { name: "b" }),
      append("all.refused", {}),
      append("name.taken", { name: "" }),
      append("name.taken", { name: "c" }),
    ]);
    const rows = await store.query<{ name: string }>("SELECT name FROM unique_name ORDER BY name");
    const children = await store.query("SELECT * FROM child");
    const read = await Array.fromAsync(store.read());
    return {
      codes: outcomes.map(({ code }) => code ?? "ok"),
      outcomes,
      rows,
      children,
      entries: read.length,
    };
  });
  const bad = "Rejected";
  expect(outcome.codes).toEqual(["ok", bad, bad, bad, "ok", bad, bad, "ok"]);
  expect(outcome.outcomes[1]?.message).toMatch(/UNIQUE/);
  expect(outcome.outcomes[2]?.message).toMatch(/FOREIGN KEY/i);
  expect(outcome.outcomes[5]?.message).toMatch(/not today/);
  expect(outcome.rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(outcome.children).toEqual([]);
  expect(outcome.entries).toBe(3);
  await expectUntouched(tab);
});

test("a query that would write, commit or attach fails", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const codes = await tab.page.evaluate(async () => {
    const statements = [
      "INSERT INTO item(id) VALUES ('x')",
      "DELETE FROM item",
      "COMMIT",
      "ROLLBACK",
      "BEGIN",
      "SAVEPOINT s",
      "ATTACH ':memory:' AS other",
      "DROP TABLE item",
      "PRAGMA user_version = 7",
      "SELECT * FROM missing",
      "SELECT 1; SELECT 2",
      "nonsense",
      "",
    ];
    const outcomes = await Promise.all(
      statements.map((sql) => lab.attempt(() => store.query(sql))),
    );
    return Object.fromEntries(outcomes.map(({ code }, i) => [statements[i], code ?? "ok"]));
  });
  for (const [sql, code] of Object.entries(codes)) expect(code, sql).toBe("QueryFailed");
  await expectUntouched(tab);
});

test("exec refuses what is not deterministic or not its own", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const codes = await tab.page.evaluate(async () => {
    const statements = [
      "COMMIT",
      "ATTACH ':memory:' AS other",
      "VACUUM",
      "CREATE TEMP TABLE t(a)",
      "DELETE FROM tablog_sessions",
      "INSERT INTO item(id) VALUES (sin(1))",
      "nonsense",
    ];
    const outcomes = await Promise.all(statements.map((sql) => lab.attempt(() => store.exec(sql))));
    return Object.fromEntries(outcomes.map(({ code }, i) => [statements[i], code ?? "ok"]));
  });
  for (const [sql, code] of Object.entries(codes)) expect(code, sql).toBe("Rejected");
  await expectUntouched(tab);
});

test("an entry over 16 MiB is TooLarge", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const codes = await tab.page.evaluate(async () => {
    const noise = new Uint8Array(17 * 2 ** 20);
    for (let at = 0; at < noise.length; at += 65536)
      crypto.getRandomValues(noise.subarray(at, at + 65536));
    const outcomes = [
      await lab.attempt(() => store.append("item.valued", { value: noise })),
      await lab.attempt(() => store.append("item.valued", { value: "x".repeat(17 * 2 ** 20) })),
      await lab.attempt(() => store.exec("SELECT ?", [noise])),
    ];
    return outcomes.map(({ code, outcome }) => [code, outcome]);
  });
  expect(codes).toEqual(Array(3).fill(["TooLarge", "none"]));
  await expectUntouched(tab);
});

for (const [what, odd] of [
  ["a slash", "a/b"],
  ["dots", ".."],
  ["an emoji", "🚲 zürich"],
  ["300 characters", "x".repeat(300)],
  ["a percent sign", "100%"],
  ["quotes and a NUL", "a'b\"c\0d"],
] as const) {
  test(`a store name with ${what} is a store of its own`, async ({ newTab, name }) => {
    const [a, b] = [await newTab(), await newTab()];
    const full = `${odd}${name}`.slice(0, 1024);
    await a.openStore({ name: full });
    await b.openStore({ name: full });
    await b.page.evaluate(() => store.append("item.added", { id: "x", tab: "b" }));
    await expect.poll(() => a.query("SELECT id FROM item")).toEqual([{ id: "x" }]);
  });
}

test("names that are no text are refused by name", async ({ newTab }) => {
  const tab = await newTab();
  const refused = await tab.page.evaluate(async () => {
    const names: unknown[] = ["", "x".repeat(1025), "\ud800", 7, undefined, null, {}];
    return Promise.all(names.map((bad) => lab.attempt(() => lab.open({ name: bad as string }))));
  });
  for (const { code, message } of refused) {
    expect(code).toBe("InvalidArgument");
    expect(message).toContain("name");
  }
});

test("a worker or a module that cannot be loaded is LoadFailed", async ({ newTab, name, url }) => {
  const tab = await newTab();
  const text = await serve({}); // every address of it is a 404, of another origin
  const bad = {
    missingWorker: { workerUrl: "/dist/nowhere.js" },
    wrongWorker: { workerUrl: "/dist/index.d.ts" },
    foreignWorker: { workerUrl: `${text.url}worker.js` },
    missingWasm: { wasmUrl: "/dist/nowhere.wasm" },
    wrongWasm: { wasmUrl: "/dist/index.js" },
  };
  for (const [what, urls] of Object.entries(bad)) {
    const refused = await tab.page.evaluate(
      ([store, addresses]) => lab.attempt(() => lab.open({ name: store, ...addresses })),
      [name, urls] as const,
    );
    expect(refused.code, what).toBe("LoadFailed");
    expect(refused.message, what).toContain("nowhere" in urls ? "nowhere" : ".");
  }
  await text.close();
  expect(url).toContain("localhost");
  // The next attempt with the right files works.
  await tab.openStore({ name });
  await expectUntouched(tab);
});

test("a server that does not know wasm's type will do", async ({ newTab, name, profile }) => {
  const tab = await newTab();
  await profile.route("**/tablog.wasm", async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      headers: { ...response.headers(), "content-type": "text/plain" },
    });
  });
  await tab.openStore({ name });
  await profile.unroute("**/tablog.wasm");
  await expectUntouched(tab);
});

const withoutOpfs: readonly (readonly [string, () => void])[] = [
  [
    "no navigator.storage",
    () => Object.defineProperty(Navigator.prototype, "storage", { value: undefined }),
  ],
  [
    "no getDirectory",
    () => void delete (StorageManager.prototype as Partial<StorageManager>).getDirectory,
  ],
  [
    "a refused getDirectory",
    () => {
      StorageManager.prototype.getDirectory = () =>
        Promise.reject(new DOMException("refused", "SecurityError"));
    },
  ],
];

for (const [what, breakIt] of withoutOpfs) {
  test(`with ${what} it is StorageUnavailable, never a silent memory store`, async ({
    newTab,
    name,
  }) => {
    const tab = await newTab();
    await tab.page.evaluate(breakIt);
    const refused = await tab.page.evaluate(
      (store) => lab.attempt(() => lab.open({ name: store })),
      name,
    );
    expect(refused.code).toBe("StorageUnavailable");
    expect(refused.message).toContain('storage: "memory"');
    await tab.openStore({ name, storage: "memory" });
    await expectUntouched(tab);
  });
}

test("an older schema version is SchemaTooOld, another text SchemaConflict", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [first] = await openTabs(1);
  const other = await newTab();
  const codes = await other.page.evaluate(async (store) => {
    const { events, migrations } = lab.schema;
    const newer = tablog.defineSchema({
      version: 2,
      migrations: [...migrations, "CREATE TABLE more(a)"],
      events,
    });
    const changed = tablog.defineSchema({
      version: 1,
      migrations,
      events: { ...events, more: "SELECT 1" },
    });
    const conflict = await lab.attempt(() => tablog.openStore({ name: store, schema: changed }));
    const upgraded = await tablog.openStore({ name: store, schema: newer });
    await upgraded.exec("INSERT INTO more VALUES (1)");
    await upgraded.close();
    const old = await lab.attempt(() => tablog.openStore({ name: store, schema: lab.schema }));
    return { conflict: conflict.code, old: old.code };
  }, name);
  expect(codes).toEqual({ conflict: "SchemaConflict", old: "SchemaTooOld" });
  await first.close();
});

test("a migration that fails is told, and leaves nothing", async ({ newTab, name }) => {
  const tab = await newTab();
  const refused = await tab.page.evaluate((store) => {
    const schema = tablog.defineSchema({ version: 1, migrations: ["CREATE TABLE"], events: {} });
    return lab.attempt(() => tablog.openStore({ name: store, schema }));
  }, name);
  expect(refused.code).toBe("Rejected");
  await tab.openStore({ name });
  await expectUntouched(tab);
});

test("a closed store answers Closed to every call, at once", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const codes = await tab.page.evaluate(async () => {
    const pending = store.append("item.added", { id: "pending", tab: "t" });
    await store.close();
    await pending; // close waits for it
    await store.close();
    const calls: Record<string, () => Promise<unknown>> = {
      append: () => store.append("item.added", { id: "x", tab: "t" }),
      appendBatch: () => store.appendBatch([]),
      exec: () => store.exec("SELECT 1"),
      query: () => store.query("SELECT 1"),
      read: () => Array.fromAsync(store.read()),
      checkpoint: () => store.checkpoint(),
      exportLog: () => store.exportLog(),
      exportDatabase: () => store.exportDatabase(),
      tabs: () => store.tabs(),
      stats: () => store.stats(),
    };
    const outcomes = await Promise.all(Object.values(calls).map((call) => lab.attempt(call)));
    return Object.fromEntries(Object.keys(calls).map((call, i) => [call, outcomes[i]?.code]));
  });
  for (const [call, code] of Object.entries(codes)) expect(code, call).toBe("Closed");
});

test("a call whose signal is aborted is withdrawn, or takes effect once", async ({ openTabs }) => {
  const [tab] = await openTabs(1);
  const outcome = await tab.page.evaluate(async () => {
    const early = await lab.attempt(() =>
      store.append("item.added", { id: "early", tab: "t" }, { signal: AbortSignal.abort() }),
    );
    const controller = new AbortController();
    const unsent = lab.attempt(() =>
      store.append("item.added", { id: "unsent", tab: "t" }, { signal: controller.signal }),
    );
    controller.abort();
    const late = new AbortController();
    const sent = lab.attempt(() =>
      store.append("item.added", { id: "sent", tab: "t" }, { signal: late.signal }),
    );
    await Promise.resolve();
    await Promise.resolve();
    late.abort();
    const decided = await sent;
    const query = await lab.attempt(() =>
      store.query("SELECT 1", [], { signal: AbortSignal.abort() }),
    );
    await store.append("item.added", { id: "next", tab: "t" });
    return {
      early,
      unsent: await unsent,
      decided,
      query,
      rows: await store.query<{ id: string }>("SELECT id FROM item"),
    };
  });
  expect(outcome.early).toMatchObject({ code: "Aborted", outcome: "none" });
  expect(outcome.unsent).toMatchObject({ code: "Aborted", outcome: "none" });
  expect(outcome.query.code).toBe("Aborted");
  const ids = outcome.rows.map(({ id }) => id);
  expect(ids).toEqual(outcome.decided.code === "Aborted" ? ["next"] : ["sent", "next"]);
});

test("a result that no message can hold is refused, and the leader stays", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [leader] = await openTabs(1);
  const asking = await newTab();
  await asking.openStore({ name, replica: "none" });
  const refused = await asking.page.evaluate(() =>
    lab.attempt(() =>
      store.query(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT zeroblob(20000000) FROM n",
      ),
    ),
  );
  expect(refused).toMatchObject({ code: "QueryFailed" });
  expect(refused.message).toContain("LIMIT");
  expect(await leader?.leads()).toBe(true);
});

test("malformed frames from another tab are dropped", async ({ openTabs, newTab, name }) => {
  const [a, b] = await openTabs(2);
  const stranger = await newTab();
  const ids = [(await a.status()).clientId, (await b.status()).clientId];
  await stranger.page.evaluate(
    ([store, clients]) => {
      const channels = [
        `tablog/${store}`,
        ...clients.flatMap((id) => ["r", "l"].map((role) => `tablog/${store}/${id}/${role}`)),
      ];
      const junk: unknown[] = [
        new Uint8Array(),
        new Uint8Array(3),
        crypto.getRandomValues(new Uint8Array(60_000)),
        new Uint8Array(64).fill(255),
        "text",
        null,
        { from: "x", bytes: new Uint8Array(8) },
        { from: "x" },
        new ArrayBuffer(16),
      ];
      for (const name of channels) {
        const channel = new BroadcastChannel(name);
        for (const item of junk) channel.postMessage(item);
        channel.close();
      }
    },
    [name, ids] as const,
  );
  await b.page.evaluate(() => store.append("item.added", { id: "x", tab: "b" }));
  await expect.poll(() => a.query("SELECT id FROM item")).toEqual([{ id: "x" }]);
  expect([await a.leads(), await b.leads()]).toEqual([true, false]);
});
