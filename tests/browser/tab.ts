// Tab: a page with the lab in it, and the ways in which it can end.
import type { BrowserContext, Page } from "@playwright/test";
import { killRenderer, processOf } from "../../scripts/browser.mjs";
import type { ColumnValue, StoreOptions, Schema, StoreStatus } from "../../web/src/index.js";
import type { Attempt } from "./globals.js";
import { History, type Progress, type Step } from "./history.js";

/** Options of openStore that can be sent to a page. */
export type OpenOptions = Partial<
  Pick<
    StoreOptions<Schema>,
    "name" | "durability" | "replica" | "replicaMaxBytes" | "storage" | "persist"
  >
> & { workerUrl?: string; wasmUrl?: string; newer?: boolean; build?: "older" };

export class Tab {
  readonly page: Page;
  /** Of all tabs of the test. */
  readonly history: History;
  #label = "";

  private constructor(page: Page, history: History) {
    this.page = page;
    this.history = history;
  }

  static async open(context: BrowserContext, url: string, history: History): Promise<Tab> {
    const page = await context.newPage();
    await page.addInitScript(keepWorkers);
    const tab = await Tab.#connect(page, history);
    await page.goto(url);
    await tab.loaded();
    return tab;
  }

  /** Of a page that another one has opened. */
  static async adopt(page: Page, history: History): Promise<Tab> {
    const tab = await Tab.#connect(page, history);
    await tab.loaded();
    await page.evaluate(keepWorkers);
    return tab;
  }

  static async #connect(page: Page, history: History): Promise<Tab> {
    await page.exposeFunction("tellHistory", (tab: string, first: number, steps: Step[]) =>
      history.hear(tab, first, steps),
    );
    return new Tab(page, history);
  }

  /** What its writer is called. */
  get label(): string {
    return this.#label;
  }

  /** The page's scripts have run. */
  async loaded(): Promise<void> {
    await this.page.waitForFunction(() => "lab" in globalThis);
  }

  /** Back to the page before: from the back/forward cache, where no load event comes, or loaded anew. */
  async goBack(): Promise<void> {
    await this.page.goBack({ waitUntil: "commit" });
    await this.loaded();
  }

  async openStore(options: OpenOptions & { name: string }): Promise<StoreStatus> {
    return this.page.evaluate((asked) => lab.open(asked), options);
  }

  /** What becomes of opening the store. */
  async attemptToOpen(options: OpenOptions & { name: string }): Promise<Attempt<StoreStatus>> {
    return this.page.evaluate((asked) => lab.attempt(() => lab.open(asked)), options);
  }

  status(): Promise<StoreStatus> {
    return this.page.evaluate(() => store.status);
  }

  query(
    sql: string,
    params: readonly (string | number)[] = [],
  ): Promise<Record<string, ColumnValue>[]> {
    return this.page.evaluate(([text, values]) => store.query(text, values), [
      sql,
      params,
    ] as const);
  }

  async leads(): Promise<boolean> {
    return (await this.status()).role === "leader";
  }

  /** Appends and queries without end, so many appends at once, until `stopWriting`. A label is used once. */
  async startWriting(label: string, inFlight: number): Promise<void> {
    this.#label = label;
    await this.page.evaluate(([tab, count]) => lab.write(tab, count), [label, inFlight] as const);
  }

  /** Until so many more appends than now are acknowledged, and a linearizable read that was asked from now on. */
  async progress(more: number, patienceMs?: number): Promise<void> {
    const label = this.#label;
    const now = this.history.progressOf(label);
    await this.history.until(
      () => {
        const { acknowledged, linearizable } = this.history.progressOf(label);
        return acknowledged >= now.acknowledged + more && linearizable >= now.linearizable + 2;
      },
      `${label} to append and read`,
      patienceMs,
    );
  }

  /** Until so many more appends than now are refused. */
  isRefused(more: number): Promise<void> {
    return this.#has("refused", more, "to be refused");
  }

  /** Until so many more queries than now have failed. */
  fails(more: number): Promise<void> {
    return this.#has("failed", more, "to fail a query");
  }

  /** Until so many more linearizable reads than now are answered. */
  reads(more: number): Promise<void> {
    return this.#has("linearizable", more, "to read");
  }

  async #has(what: keyof Progress, more: number, words: string): Promise<void> {
    const label = this.#label;
    const goal = this.history.progressOf(label)[what] + more;
    await this.history.until(
      () => this.history.progressOf(label)[what] >= goal,
      `${label} ${words}`,
    );
  }

  /** Until it has been told that what it had seen is gone. */
  async rollsBack(): Promise<void> {
    const label = this.#label;
    await this.history.until(
      () => this.history.steps.some(({ tab, kind }) => tab === label && kind === "rolledBack"),
      `${label} to roll back`,
    );
  }

  async stopWriting(): Promise<void> {
    await this.page.evaluate(() => writer.stop());
  }

  /** The id of its renderer process. Not while another is being killed: the browser's trace would wait for it. */
  process(): Promise<number> {
    return processOf(this.page);
  }

  /** Its process stands still until `meanwhile` is over. */
  async whileStopped<T>(meanwhile: () => Promise<T>): Promise<T> {
    const stopped = await this.process();
    process.kill(stopped, "SIGSTOP");
    try {
      return await meanwhile();
    } finally {
      process.kill(stopped, "SIGCONT");
    }
  }

  /** SIGKILL to the renderer process. */
  async kill(process?: number): Promise<void> {
    await killRenderer(this.page, process ?? (await this.process()));
  }

  /** The renderer crashes by itself. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    await this.page.goto("chrome://crash").catch(() => undefined);
    await crashed;
  }

  /** Ends one of the store's workers as if it had died. */
  async endWorker(role: "leader" | "replica"): Promise<void> {
    const name = `tablog ${role}`;
    await this.page.evaluate(
      (named) => workers.findLast((each) => each.name === named)?.worker.terminate(),
      name,
    );
  }

  async close(): Promise<void> {
    await this.page.close().catch(() => undefined);
  }
}

// Workers are kept at hand, so that a test can end one behind the store's back.
function keepWorkers(): void {
  globalThis.workers = [];
  globalThis.Worker = class extends Worker {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(address, options);
      globalThis.workers.push({ name: options?.name, worker: this });
    }
  };
}
