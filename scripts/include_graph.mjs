// Holds the folders to the include graph of the design:
//   log <- storage;  log <- {leader, replica} <- node <- web;  tools uses only log and storage.
// And the core to being pure: bytes and inputs in, bytes and outputs out.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, sourceFiles } from "./lib.mjs";

const everything = [
  "log",
  "storage",
  "leader",
  "replica",
  "node",
  "web",
  "tools",
  "tests",
  "bench",
];
const mayInclude = {
  log: ["log"],
  storage: ["storage", "log"],
  leader: ["leader", "log"],
  replica: ["replica", "log"],
  node: ["node", "leader", "replica", "log"],
  web: ["web", "node", "leader", "replica", "storage", "log"],
  tools: ["tools", "storage", "log"],
  tests: everything,
  bench: everything,
};

// Headers with effects: the core has none.
const core = /^(log|leader|replica|node)\//;
const impure =
  /^(sqlite3\.h|sqlite_build\.h|emscripten.*|unistd\.h|fcntl\.h|sys\/.*|thread|mutex|shared_mutex|condition_variable|future|fstream|iostream|filesystem|random|ctime|time\.h|cstdlib)$/;
// Cap'n Proto is known to the codec alone; what leaves it are results, never KJ exceptions. What it is
// itself built with is part of it.
const capnproto = /^(capnp|kj)\/|\.capnp\.h$/;
const codec = /^(log\/codec|cmake\/capnproto\/)/;

/** [line number, header] of every #include. */
export function includesOf(path) {
  return readFileSync(join(root, path), "utf8")
    .split("\n")
    .flatMap((line, index) => {
      const header = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line)?.[1];
      return header ? [[index + 1, header]] : [];
    });
}

export function checkIncludes() {
  const errors = [];
  for (const path of sourceFiles(/\.(cc|h)$/)) {
    const [folder] = path.split("/");
    for (const [line, header] of includesOf(path)) {
      const complain = (why) => errors.push(`${path}:${line}: ${header}: ${why}`);
      const [target] = header.split("/");
      if (header.includes("/") && everything.includes(target)) {
        if (!mayInclude[folder]?.includes(target))
          complain(`${folder}/ may not include ${target}/`);
      } else if (core.test(path) && impure.test(header)) {
        complain(`the core (${dirname(path)}/) is pure`);
      }
      if (capnproto.test(header) && !codec.test(path) && !path.startsWith("tests/")) {
        complain("Cap'n Proto is included by log/codec* only");
      }
    }
  }
  return errors;
}
