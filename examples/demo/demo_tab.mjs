// DemoTab: one tab of the app in the browser that the main job drives. Every wait has an end.
import { killRenderer, processOf } from "../../scripts/browser.mjs";
import { within } from "../../scripts/within.mjs";

const kOpenMs = 60_000;
const kRecordMs = 90_000;
const kAnswerMs = 30_000;

/** @typedef {{ from: number, to: number }} Range Of the flights in the file. */

export class DemoTab {
  /** @type {import("playwright-core").Page} */
  page;
  /** @type {number} Which third of the flights it records. */
  share;
  /** @type {number} Its renderer. */
  pid;
  /** @type {string[]} What its console complained of. */
  problems = [];

  /** @private */
  constructor(page, share, pid) {
    this.page = page;
    this.share = share;
    this.pid = pid;
  }

  /**
   * Resolves when the store is open and a share is taken.
   * @param {import("playwright-core").BrowserContext} context
   * @param {string} url
   */
  static async open(context, url) {
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(url, { timeout: kOpenMs });
    const opened = page.evaluate(async () => (await demo).crew.taken);
    const share = await within(kOpenMs, opened, "a tab of the demo to open its store").catch(
      (error) => {
        throw new Error([error.message, ...problems].join("\n"), { cause: error });
      },
    );
    const tab = new DemoTab(page, share, await processOf(page));
    tab.problems = problems;
    return tab;
  }

  get name() {
    return `Tab ${this.share + 1}`;
  }

  /** @returns {Promise<import("tablog").StoreStatus>} */
  status() {
    return this.#ask("its status", async () => (await demo).store.status);
  }

  /** @returns {Promise<import("tablog").StoreStats & Record<string, any>>} */
  stats() {
    return this.#ask("the leader's figures", async () => (await demo).store.stats());
  }

  /**
   * Records this tab's share of a range; resolves when every flight of it is acknowledged.
   * @param {Range} range
   * @returns {Promise<import("./app/recorder.mjs").Recorded>}
   */
  record(range) {
    const work = this.page.evaluate(async (given) => {
      const { crew, recorder } = await demo;
      return recorder.record(await crew.taken, given);
    }, range);
    return within(kRecordMs, work, `${this.name} to record its share`).catch(async (error) => {
      const status = await this.status().catch(() => undefined); // none when the tab is dead
      throw new Error(`${error.message}; its status: ${JSON.stringify(status)}`, { cause: error });
    });
  }

  /** Resolves when this tab knows of so many entries. */
  reached(head) {
    const there = this.page.evaluate(async (goal) => {
      const { store } = await demo;
      while (store.status.head < goal) {
        await new Promise((resolve) =>
          store.addEventListener("statuschange", resolve, { once: true }),
        );
      }
    }, head);
    return within(kRecordMs, there, `the log to reach entry ${head}`);
  }

  /**
   * The first acknowledgement that this tab gets in a later term.
   * @param {number} term
   * @returns {Promise<{ term: number, at: number }>} `at`: ms since 1970
   */
  acknowledgedAfter(term) {
    const first = this.page.evaluate(async (before) => {
      const { recorder } = await demo;
      return recorder.acknowledgedAfter(before);
    }, term);
    return within(kAnswerMs, first, `an acknowledged append after term ${term}`);
  }

  /** The rows of a query that sees everything acknowledged anywhere. */
  query(sql) {
    return this.#ask(
      `the rows of ${sql.split("\n", 1)[0]}`,
      async (text) => (await demo).store.query(text, [], { consistency: "linearizable" }),
      sql,
    );
  }

  /** Exports the log as a person would, into a file. */
  async exportLog(path) {
    const download = this.page.waitForEvent("download", { timeout: kAnswerMs });
    await this.page.click("#export");
    await (await download).saveAs(path);
  }

  /** SIGKILL to this tab's renderer. Resolves with the time of the signal, ms since 1970. */
  async kill() {
    return killRenderer(this.page, this.pid);
  }

  #ask(what, question, argument) {
    return within(kAnswerMs, this.page.evaluate(question, argument), `${what} from ${this.name}`);
  }
}
