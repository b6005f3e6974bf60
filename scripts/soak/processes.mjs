// The processes of one Chromium, by what they are for, from /proc: memory and open files of each.
import { readFile, readdir } from "node:fs/promises";

/** @typedef {"browser" | "renderer" | "other"} Kind */
/** @typedef {{ pid: number, kind: Kind, pssMiB: number, files: number }} Process */

/**
 * The browser that has this profile, and everything below it.
 * @param {string} profile
 * @returns {Promise<Process[]>}
 */
export async function processesOf(profile) {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(pids.map(look))).filter((each) => each !== undefined);
  const roots = all.filter(
    ({ command }) =>
      command.includes(`--user-data-dir=${profile}`) && typeOf(command) === undefined,
  );
  const ours = new Set(roots.map(({ pid }) => pid));
  for (let before = -1; ours.size > before;) {
    before = ours.size;
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
  }
  const measured = all.filter(({ pid }) => ours.has(pid)).map(measure);
  return (await Promise.all(measured)).filter((each) => each !== undefined);
}

/** A process may end while it is looked at: then there is none. @param {string} pid */
async function look(pid) {
  try {
    const [status, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
    ]);
    // "pid (name) state parent …", and the name may have anything in it.
    const parent = Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
    return { pid: Number(pid), parent, command: command.split(/[\0 ]/) };
  } catch {
    return undefined;
  }
}

/** @param {string[]} command */
function typeOf(command) {
  return command.find((part) => part.startsWith("--type="))?.slice("--type=".length);
}

/**
 * Memory that processes share is counted in parts (PSS): the sum is what the machine has lost.
 * @param {{ pid: number, command: string[] }} process
 * @returns {Promise<Process | undefined>}
 */
async function measure({ pid, command }) {
  try {
    const [rollup, files] = await Promise.all([
      readFile(`/proc/${pid}/smaps_rollup`, "utf8"),
      readdir(`/proc/${pid}/fd`),
    ]);
    const pss = /^Pss:\s+(\d+) kB$/m.exec(rollup);
    if (pss === null) return undefined; // a zombie
    const type = typeOf(command);
    const kind = type === undefined ? "browser" : type === "renderer" ? "renderer" : "other";
    return { pid, kind, pssMiB: Number(pss[1]) / 1024, files: files.length };
  } catch {
    return undefined;
  }
}
