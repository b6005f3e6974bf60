// The main job's results, as a person reads them.
import { count, facts, milliseconds, table } from "../../scripts/table.mjs";

/**
 * @typedef {object} Results
 * @property {number} flights
 * @property {{ name: string, pid: number, appended: number, foundIn: number }[]} tabs
 * @property {{ name: string, pid: number, entry: number, from: number, to: number, ms: number }[]} failovers
 * @property {number} recordMs
 * @property {number} entries
 * @property {Record<string, boolean[]>} answers Per question: the tabs, then the replay.
 * @property {Record<string, string>} digests
 */

const titles = {
  count: "flights, different flights",
  averageDelays: "average delay per origin",
  worstDays: "the ten worst days",
};

/** @param {Results} results */
export function printReport({ flights, tabs, failovers, recordMs, entries, answers, digests }) {
  const terms = [failovers[0].from, ...failovers.map(({ to }) => to)];
  const paragraphs = [
    `${count(flights)} flights, recorded by three tabs at once; their leader's process killed twice`,
    table(
      ["tab", "process", "appended", "found in the log"],
      tabs.map(({ name, pid, appended, foundIn }) => [name, String(pid), appended, foundIn]),
    ),
    table(
      ["killed leader", "process", "at entry", "terms", "next acknowledged append after"],
      failovers.map(({ name, pid, entry, from, to, ms }) => [
        name,
        String(pid),
        entry,
        `${from} → ${to}`,
        `${milliseconds(ms)} ms`,
      ]),
    ),
    table(
      ["same answers as the data file", "Tab 1", "Tab 2", "Tab 3", "replay"],
      Object.entries(answers).map(([name, same]) => [
        titles[name],
        ...same.map((is) => (is ? "yes" : "NO")),
      ]),
    ),
    facts([
      ["entries", `${count(entries)}, of which ${count(entries - flights)} are tablog's own`],
      ["terms", terms.join(", ")],
      [
        "appends/s",
        `${count(Math.round((flights / recordMs) * 1000))}, with both failovers and the tabs' return`,
      ],
      ...Object.entries(digests).map(
        ([where, digest]) => /** @type {const} */ ([`digest, ${where}`, digest]),
      ),
    ]),
  ];
  console.log(`\n${paragraphs.join("\n\n")}\n`);
}
