// Tab: a page with the lab in it, and the ways in which it can end.
import { expect, type BrowserContext, type Page } from "@playwright/test";
import { killRenderer, processOf } from "../../scripts/browser.mjs";
import type { ColumnValue, StoreOptions, Schema, StoreStatus } from "../../web/src/index.js";
import type { WriterReport } from "./globals.js";

/** Options of openStore that can be sent to a page. */
export type OpenOptions = Partial<
  Pick<
    StoreOptions<Schema>,
    "name" | "durability" | "replica" | "replicaMaxBytes" | "storage" | "persist"
  >
> & { workerUrl?: string; wasmUrl?: string };

export class Tab {
  readonly page: Page;
  /** Ids whose append was acknowledged, as far as the page could tell before its end. */
  readonly acknowledged = new Set<string>();

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, url: string): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page);
    await page.exposeFunction("tellAcknowledged", (ids: readonly string[]) => {
      for (const id of ids) tab.acknowledged.add(id);
    });
    // Workers are kept at hand, so that a test can end one behind the store's back.
    await page.addInitScript(() => {
      globalThis.workers = [];
      globalThis.Worker = class extends Worker {
        constructor(address: string | URL, options?: WorkerOptions) {
          super(address, options);
          globalThis.workers.push({ name: options?.name, worker: this });
        }
      };
    });
    await page.goto(url);
    await tab.loaded();
    return tab;
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

  /** Appends without end, so many at once, until `stopWriting`. */
  async startWriting(tab: string, inFlight: number): Promise<void> {
    await this.page.evaluate(([label, count]) => lab.write(label, count), [tab, inFlight] as const);
  }

  async written(): Promise<number> {
    return this.page.evaluate(() => writer.acknowledged.length);
  }

  /** Until so many more appends than now are acknowledged. */
  async progress(more: number): Promise<void> {
    const goal = (await this.written()) + more;
    await expect.poll(() => this.written(), { intervals: [50] }).toBeGreaterThanOrEqual(goal);
  }

  async stopWriting(): Promise<WriterReport> {
    return this.page.evaluate(() => writer.stop());
  }

  /** The id of its renderer process. Not while another is being killed: the browser's trace would wait for it. */
  process(): Promise<number> {
    return processOf(this.page);
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
