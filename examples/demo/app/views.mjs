// The page's four lists: tabs, chart, log, history. Each function draws one of them anew.

import { clock, count, decimal, element } from "./dom.mjs";
import { kShares } from "./crew.mjs";

/** @param {number | undefined} share */
export const nameOf = (share) => (share === undefined ? "Spare tab" : `Tab ${share + 1}`);

/** @param {number | undefined} share The colour that stands for a share everywhere. */
const dot = (share) => {
  const made = element("span", `dot share-${share ?? "none"}`);
  made.ariaHidden = "true";
  return made;
};

/**
 * @param {HTMLElement} list
 * @param {readonly import("tablog").Tab[]} tabs
 * @param {{ me: string, head: number, shares: Map<string, number | undefined> }} known
 */
export function drawTabs(list, tabs, { me, head, shares }) {
  const order = (/** @type {import("tablog").Tab} */ tab) => shares.get(tab.id) ?? kShares;
  const sorted = [...tabs].sort((a, b) => order(a) - order(b) || (a.id < b.id ? -1 : 1));
  list.replaceChildren(
    ...sorted.map((tab) => {
      const share = shares.get(tab.id);
      const name = element("span", "name", nameOf(share));
      if (tab.id === me) name.append(" ", element("small", "", "this tab"));
      if (!tab.visible) name.append(" ", element("small", "", "hidden"));
      const behind = Math.max(head - tab.applied, 0);
      const state = behind === 0 ? "up to date" : `${count(behind)} behind`;
      const trip = element("span", "trip", `${decimal(tab.roundTripMs)} ms`);
      trip.title = "Round trip to this tab";
      const row = element("li", tab.role, dot(share), name, element("span", "state", state), trip);
      if (tab.role === "leader") name.append(" ", element("strong", "badge", "leads"));
      return row;
    }),
  );
}

/** @typedef {{ origin: string, flights: number, delay: number }} Average */

/**
 * @param {HTMLElement} list
 * @param {readonly Average[]} rows
 */
export function drawChart(list, rows) {
  const low = Math.min(0, ...rows.map((row) => row.delay));
  const high = Math.max(5, ...rows.map((row) => row.delay));
  const share = (/** @type {number} */ minutes) => (minutes / (high - low)) * 100;
  list.replaceChildren(
    ...rows.map(({ origin, flights, delay }) => {
      const bar = element("span", delay < 0 ? "bar early" : "bar");
      bar.style.left = `${share(Math.min(delay, 0) - low)}%`;
      bar.style.width = `${share(Math.abs(delay))}%`;
      const row = element(
        "li",
        "",
        element("span", "origin", origin),
        element("span", "track", bar),
        element("span", "value", decimal(delay)),
      );
      row.title = `${origin}: ${decimal(delay)} minutes on average, ${count(flights)} flights`;
      return row;
    }),
  );
}

/**
 * @param {HTMLElement} body
 * @param {readonly import("tablog").LogEntry[]} entries
 * @param {Map<string, number | undefined>} shares
 */
export function drawLog(body, entries, shares) {
  body.replaceChildren(
    ...[...entries]
      .reverse()
      .map((entry) =>
        element(
          "tr",
          entry.kind === "event" ? "" : "control",
          element("td", "number", count(entry.index)),
          element("td", "number", String(entry.term)),
          ...cells(entry, shares),
        ),
      ),
  );
}

/**
 * What an entry says, and for a flight when it left.
 * @param {import("tablog").LogEntry} entry
 * @param {Map<string, number | undefined>} shares
 */
function cells(entry, shares) {
  if (entry.kind !== "event") {
    const cell = /** @type {HTMLTableCellElement} */ (element("td", "", describe(entry, shares)));
    cell.colSpan = 2;
    return [cell];
  }
  const { id, origin, destination, delay, date } = entry.args;
  const minutes = element(
    "span",
    "minutes",
    `${Number(delay) > 0 ? "+" : ""}${String(delay).replace("-", "−")} min`,
  );
  const flight = element(
    "td",
    "",
    dot(Number(id) % kShares),
    `${origin} → ${destination} `,
    minutes,
  );
  return [flight, element("td", "date", String(date))];
}

/**
 * @param {Exclude<import("tablog").LogEntry, { kind: "event" }>} entry
 * @param {Map<string, number | undefined>} shares
 */
function describe(entry, shares) {
  switch (entry.kind) {
    case "exec":
      return `${entry.sql} (${count(entry.changes)} rows)`;
    case "term":
      return `Term ${entry.term} begins${shares.has(entry.leader) ? `: ${nameOf(shares.get(entry.leader))} leads` : ""}`;
    case "schema":
      return `Schema, version ${entry.version}`;
    case "checkpoint":
      return `Checkpoint at ${count(entry.checkpoint)}`;
    case "close":
      return `${shares.has(entry.closed) ? nameOf(shares.get(entry.closed)) : "A tab"} is gone: its session is closed`;
    case "void":
      return "An append that was withdrawn";
  }
}

/**
 * @param {HTMLElement} list
 * @param {readonly { at: number, text: string }[]} events
 */
export function drawHistory(list, events) {
  list.replaceChildren(
    ...[...events]
      .reverse()
      .map(({ at, text }) =>
        element("li", "", element("time", "", clock(at)), element("span", "", text)),
      ),
  );
}
