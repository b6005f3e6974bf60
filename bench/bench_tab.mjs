// BenchTab: one tab with one contender in it. Every call has an end.
import { within } from "../scripts/within.mjs";

const kCallMs = 60_000;

export class BenchTab {
  /** @type {import("playwright-core").Page} */
  page;
  #name;

  /** @private */
  constructor(page, name) {
    this.page = page;
    this.#name = name;
  }

  /**
   * Opens a page of its own and in it what `pages/<module>.mjs` exports as `opener`.
   * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
   * @param {string} module
   * @param {string} opener
   * @param {object} [options] The opener's.
   */
  static async open({ context, url }, module, opener, options = {}) {
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    // Workers are kept at hand, so that one can be ended behind its owner's back.
    await page.addInitScript(() => {
      globalThis.workers = [];
      globalThis.Worker = class extends Worker {
        constructor(address, options) {
          super(address, options);
          globalThis.workers.push({ name: options?.name, worker: this });
        }
      };
    });
    await page.goto(url, { timeout: kCallMs });
    const opened = page.evaluate(
      async ([path, open, given]) => {
        globalThis.contender = await (await import(path))[open](given);
      },
      /** @type {const} */ ([`/${module}.mjs`, opener, options]),
    );
    await within(kCallMs, opened, `${module} to open`).catch((error) => {
      throw new Error([error.message, ...problems].join("\n"), { cause: error });
    });
    return new BenchTab(page, module);
  }

  /** @param {string} operation */
  offers(operation) {
    return this.page.evaluate((name) => name in globalThis.contender, operation);
  }

  /**
   * @param {string} operation
   * @param {...unknown} parameters
   * @returns {Promise<any>}
   */
  call(operation, ...parameters) {
    const called = this.page.evaluate(
      ([name, given]) => globalThis.contender[name](...given),
      /** @type {const} */ ([operation, parameters]),
    );
    return within(kCallMs, called, `${this.#name} to answer ${operation}`);
  }

  /** Resolves when some tab waits for a lock whose name ends so. @param {string} suffix */
  lockAwaited(suffix) {
    const waiting = this.page.evaluate(async (end) => {
      for (;;) {
        const { pending = [] } = await navigator.locks.query();
        if (pending.some(({ name }) => name?.endsWith(end))) return;
      }
    }, suffix);
    return within(kCallMs, waiting, `a tab to wait for the lock …${suffix}`);
  }

  /** Also when it has ended in some other way. */
  async close() {
    await this.page.close().catch(() => undefined);
  }
}
