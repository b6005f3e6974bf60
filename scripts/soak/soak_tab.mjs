// SoakTab: one of the six places for a tab, which are filled again when theirs has ended. Every wait has an end.
import { killRenderer, processOf } from "../browser.mjs";
import { within } from "../within.mjs";

const kCallMs = 60_000;

/**
 * @typedef {object} Soak What all tabs share.
 * @property {import("playwright-core").BrowserContext} context
 * @property {string} url
 * @property {() => number} random
 * @property {import("./ledger.mjs").Ledger} ledger
 * @property {Record<string, number>} endings How often a tab, or the store in it, has ended in which way.
 * @property {Record<string, number>} failures How often a call has failed with which code, of ended pages.
 */

export class SoakTab {
  /** @type {import("playwright-core").Page | undefined} */
  page;
  #soak;
  #killing = false;

  /** @param {Soak} soak */
  constructor(soak) {
    this.#soak = soak;
  }

  /** Opens the page and the store, and lets it work. */
  async open() {
    const { context, url, ledger } = this.#soak;
    this.page = await context.newPage();
    this.page.on("pageerror", (error) => ledger.complain(String(error)));
    this.page.on("crash", () => this.#killing || ledger.complain("a tab crashed by itself"));
    await this.page.exposeFunction("tellAcknowledged", (writer, places) =>
      ledger.acknowledge(writer, places),
    );
    await this.page.goto(url, { timeout: kCallMs });
    await this.#begin();
  }

  async #begin() {
    await this.#page.waitForFunction(() => "soak" in globalThis, undefined, { timeout: kCallMs });
    await this.#openStore();
  }

  /** A writer's name is used once: with its number it names an append. */
  async #openStore() {
    const { ledger, random } = this.#soak;
    await this.call("open");
    await this.call("work", ledger.newWriter(), Math.floor(random() * 2 ** 32));
  }

  get #page() {
    if (this.page === undefined) throw new Error("the tab is not open");
    return this.page;
  }

  /** @param {string} operation @param {...unknown} parameters @returns {Promise<any>} */
  call(operation, ...parameters) {
    const called = this.#page.evaluate(
      ([name, given]) => globalThis.soak[name](...given),
      /** @type {const} */ ([operation, parameters]),
    );
    return within(kCallMs, called, `a tab to answer ${operation}`);
  }

  /** @returns {Promise<boolean>} */
  leads() {
    return this.call("leads");
  }

  /** @returns {Promise<number>} */
  process() {
    return processOf(this.#page);
  }

  // ---- the ends of a tab; each but `leave` leaves it open and working

  /** Without a word to the store, as users do. */
  async leave() {
    this.#count("closed");
    await this.keepFailures();
    await this.#page.close();
    this.page = undefined;
  }

  async reload() {
    this.#count("reloaded");
    await this.keepFailures();
    await this.#page.reload({ timeout: kCallMs });
    await this.#begin();
  }

  /** `store.close()`, and opened again in the same page. */
  async closeStore() {
    this.#count("store closed");
    await this.call("close");
    await this.#openStore();
  }

  /** SIGKILL to its renderer. */
  async kill() {
    this.#count("killed");
    await this.keepFailures();
    const process = await this.process();
    this.#killing = true;
    await killRenderer(this.#page, process);
    this.#killing = false;
    await this.#page.close();
    this.page = undefined;
  }

  /** Before its page ends: they are counted there. */
  async keepFailures() {
    const { failures } = this.#soak;
    for (const [code, count] of Object.entries(await this.call("failed")))
      failures[code] = (failures[code] ?? 0) + count;
  }

  #count(ending) {
    const { endings } = this.#soak;
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
}
