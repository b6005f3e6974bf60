// The main job: three tabs record 20,000 flights at once, their leader is killed twice, and at the end
// every tab, the data file and the native tool's replay of the log must say the same.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { launchBrowser } from "../../scripts/browser.mjs";
import { root } from "../../scripts/lib.mjs";
import { allFlights, answersFromDatabase, answersFromFile } from "./answers.mjs";
import { kShares } from "./app/crew.mjs";
import { queries } from "./app/queries.mjs";
import { DemoTab } from "./demo_tab.mjs";
import { replay, verify } from "./native_tool.mjs";
import { printReport } from "./report.mjs";
import { loadFlights, serveDemo } from "./site.mjs";

const output = join(root, "build/demo");

/** @returns {Promise<string[]>} What differs; nothing is what it should be. */
export async function mainJob() {
  const flights = await loadFlights();
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  const site = await serveDemo();
  const browser = await launchBrowser({ context: { viewport: { width: 1280, height: 1000 } } });
  try {
    const run = new Run(browser.context, site.url, flights);
    await run.openTabs();
    // Each tab has appends in flight when the leader dies, however fast the machine is: the second half
    // is not begun before the first one's killed tab has caught up.
    const half = flights.length / 2;
    await run.record({ from: 0, to: half }, flights.length / 3);
    await run.record({ from: half, to: flights.length }, (flights.length * 2) / 3);
    await run.compareTabs();
    await run.compareReplay();
    await run.takeScreenshots();
    printReport(run.results);
    return run.differences;
  } finally {
    await browser.close();
    await site.close();
  }
}

class Run {
  /** @type {string[]} */
  differences = [];
  /** @type {import("./report.mjs").Results} */
  results = {
    flights: 0,
    tabs: [],
    failovers: [],
    recordMs: 0,
    entries: 0,
    answers: {},
    digests: {},
  };
  #context;
  #url;
  #flights;
  /** @type {DemoTab[]} */
  #tabs = [];

  constructor(context, url, flights) {
    this.#context = context;
    this.#url = url;
    this.#flights = flights;
    this.results.flights = flights.length;
  }

  async openTabs() {
    for (let i = 0; i < kShares; i++) this.#tabs.push(await DemoTab.open(this.#context, this.#url));
    const processes = this.#tabs.map((tab) => tab.pid);
    this.#expect(
      new Set(processes).size === kShares,
      `the tabs share renderer processes: ${processes.join(", ")}`,
    );
  }

  /**
   * All tabs record their shares of a range; when the log has so many entries, the leader is killed, and
   * its tab opened again.
   * @param {import("./demo_tab.mjs").Range} range
   * @param {number} killAt
   */
  async record(range, killAt) {
    const start = performance.now();
    const work = new Map(this.#tabs.map((tab) => [tab, tab.record(range)]));
    for (const recorded of work.values()) recorded.catch(() => undefined); // awaited below
    await Promise.race([this.#tabs[0].reached(killAt), ...[...work.values()].map(rejectedOnly)]);
    const dead = await this.#killLeader(work);
    const again = await DemoTab.open(this.#context, this.#url);
    this.#expect(again.share === dead.share, `${dead.name} came back with share ${again.share}`);
    this.#tabs = this.#tabs.map((tab) => (tab === dead ? again : tab));
    work.set(again, again.record(range));
    for (const [tab, recorded] of work) this.#note(tab, await recorded);
    this.results.recordMs += performance.now() - start;
  }

  /** @param {Map<DemoTab, Promise<import("./app/recorder.mjs").Recorded>>} work What each tab is doing. */
  async #killLeader(work) {
    const states = await Promise.all(this.#tabs.map((tab) => tab.status()));
    const at = states.findIndex((status) => status.role === "leader");
    if (at < 0) throw new Error("no tab leads");
    const [leader, { term, head }] = [this.#tabs[at], states[at]];
    work.delete(leader); // it dies with its tab
    const killed = await leader.kill();
    // Whoever of the living is first; a tab that had nothing left to append is never.
    const survivors = [...work.keys()].map((tab) => tab.acknowledgedAfter(term));
    const first = await Promise.any(survivors).catch(({ errors }) => Promise.reject(errors[0]));
    await leader.page.close();
    const { name, pid } = leader;
    this.results.failovers.push({
      name,
      pid,
      entry: head,
      from: term,
      to: first.term,
      ms: first.at - killed,
    });
    return leader;
  }

  /** A tab that lives through both halves is one line. */
  #note({ name, pid }, { appended, foundIn }) {
    const { tabs } = this.results;
    const line = tabs.find((each) => each.pid === pid) ?? { name, pid, appended: 0, foundIn: 0 };
    if (!tabs.includes(line)) tabs.push(line);
    line.appended += appended;
    line.foundIn += foundIn;
  }

  async compareTabs() {
    const expected = answersFromFile(this.#flights);
    for (const [name, sql] of Object.entries(queries)) {
      const answers = await Promise.all(this.#tabs.map((tab) => tab.query(sql)));
      this.results.answers[name] = answers.map((rows) => isDeepStrictEqual(rows, expected[name]));
      answers.forEach((rows, i) =>
        this.#same(`${name} in ${this.#tabs[i].name}`, rows, expected[name]),
      );
    }
    const rows = await this.#tabs[0].query(allFlights);
    this.#same(
      "the recorded flights",
      rows,
      this.#flights.map((flight, id) => ({ id, ...flight })),
    );
    for (const tab of this.#tabs) this.#same(`what ${tab.name} complained of`, tab.problems, []);
  }

  async compareReplay() {
    const [log, database] = [join(output, "flights.tablog"), join(output, "flights.sqlite3")];
    const stats = await this.#tabs[0].stats();
    await this.#tabs[0].exportLog(log);
    const [checked, replayed] = [await verify(log), await replay(log, database)];
    const expected = answersFromFile(this.#flights);
    const answers = await answersFromDatabase(database, Object.values(queries));
    Object.keys(queries).forEach((name, i) => {
      this.results.answers[name].push(isDeepStrictEqual(answers[i], expected[name]));
      this.#same(`${name} in the replay`, answers[i], expected[name]);
    });
    this.results.digests = {
      browser: stats.state.digest,
      log: checked.digest,
      replay: replayed.digest,
    };
    this.results.entries = checked.entries;
    const { browser, log: logged, replay: derived } = this.results.digests;
    this.#expect(/^[0-9a-f]{32}$/.test(browser), `the leader names no digest: ${browser}`);
    this.#same("the log's digest", logged, browser);
    this.#same("the replay's digest", derived, browser);
  }

  async takeScreenshots() {
    // Of the tab that leads now: it has lived through both failovers.
    const states = await Promise.all(this.#tabs.map((tab) => tab.status()));
    const { page } = this.#tabs[states.findIndex(({ role }) => role === "leader")];
    await page.bringToFront();
    await page.mouse.move(0, 0);
    await page.waitForFunction(
      (all) => document.querySelector("#flights")?.textContent === all,
      this.#flights.length.toLocaleString("en"),
    );
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(output, `${colorScheme}.png`), fullPage: true });
    }
  }

  #expect(holds, words) {
    if (!holds) this.differences.push(words);
  }

  #same(what, actual, expected) {
    if (!isDeepStrictEqual(actual, expected))
      this.differences.push(`${what}: ${excerpt(actual)} instead of ${excerpt(expected)}`);
  }
}

/** Rejects as `promise` does, and never resolves: for a race that success does not end. */
const rejectedOnly = (promise) => promise.then(() => new Promise(() => {}));

const excerpt = (value) => JSON.stringify(value)?.slice(0, 200);
