// Screen: draws what this tab knows. Figures follow every change of the store's status; the lists, which
// take queries, follow at a calmer pace.

import { byId, count, decimal, element } from "./dom.mjs";
import { busiest } from "./queries.mjs";
import { drawChart, drawHistory, drawLog, drawTabs, nameOf } from "./views.mjs";

const kLogRows = 14;
const kFiguresMs = 100;
const kListsMs = 250;

export class Screen {
  #store;
  #crew;
  #watcher;
  #total;
  #recorded = 0;
  #figuresDue = false;
  #complain;

  /**
   * @param {{ store: import("tablog").Store, crew: import("./crew.mjs").Crew,
   *   watcher: import("./watcher.mjs").Watcher, total: number, complain: (problem: unknown) => void }} of
   */
  constructor({ store, crew, watcher, total, complain }) {
    this.#store = store;
    this.#crew = crew;
    this.#watcher = watcher;
    this.#total = total;
    this.#complain = complain;
    byId("flights-of").textContent = `of ${count(total)}`;
    const draw = () => this.#drawFiguresSoon();
    store.addEventListener("statuschange", draw);
    watcher.addEventListener("change", () => this.#drawHistory());
    crew.addEventListener("hello", draw);
    this.#drawHistory();
    this.#drawFiguresSoon();
    void this.#drawListsForEver();
  }

  // Not for every batch: painting costs more than appending. Hidden tabs too: their titles show.
  #drawFiguresSoon() {
    if (this.#figuresDue) return;
    this.#figuresDue = true;
    setTimeout(() => {
      this.#figuresDue = false;
      this.#drawFigures();
    }, kFiguresMs);
  }

  #drawFigures() {
    const { role, term, pending } = this.#store.status;
    const { failoverMs, rate } = this.#watcher;
    byId("flights").textContent = count(this.#recorded);
    /** @type {HTMLProgressElement} */ (byId("progress")).value = this.#recorded / this.#total;
    byId("rate").textContent = count(Math.round(rate));
    byId("pending").textContent = count(pending);
    byId("term").textContent = String(term);
    byId("failover").replaceChildren(...(failoverMs === undefined ? ["–"] : duration(failoverMs)));
    const me = byId("me");
    me.className = `me ${role}`;
    me.dataset.share = String(this.#crew.share ?? "none");
    me.textContent = `${nameOf(this.#crew.share)} · ${role === "leader" ? "leads" : "follows"}`;
    document.title = `${nameOf(this.#crew.share)}${role === "leader" ? " (leads)" : ""} · Flight recorder`;
  }

  #drawHistory() {
    drawHistory(byId("history"), this.#watcher.history);
  }

  // A busy machine is left alone for longer.
  async #drawListsForEver() {
    for (;;) {
      const start = performance.now();
      if (document.visibilityState === "visible") await this.#drawLists().catch(this.#complain);
      const pause = Math.max(kListsMs, 4 * (performance.now() - start));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #drawLists() {
    const store = this.#store;
    const { head, clientId } = store.status;
    const { shares } = this.#crew;
    const [[{ flights }], chart, entries, tabs] = await Promise.all([
      /** @type {Promise<{ flights: number }[]>} */ (
        store.query("SELECT count(*) AS flights FROM flight")
      ),
      /** @type {Promise<import("./views.mjs").Average[]>} */ (store.query(busiest)),
      Array.fromAsync(store.read({ from: Math.max(head - kLogRows + 1, 1), control: true })),
      store.tabs(),
    ]);
    this.#recorded = flights;
    drawChart(byId("chart"), chart);
    byId("chart-empty").hidden = chart.length > 0;
    drawLog(byId("log"), entries, shares);
    drawTabs(byId("tabs"), tabs, { me: clientId, head, shares });
    this.#drawFiguresSoon();
  }
}

/** @param {number} ms */
function duration(ms) {
  const [value, unit] = ms < 1000 ? [count(Math.round(ms)), "ms"] : [decimal(ms / 1000), "s"];
  return [`${value} `, element("small", "", unit)];
}
