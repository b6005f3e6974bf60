// The built package, for programs that serve it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib.mjs";

/** The package's directory. @throws if it has not been built */
export function builtPackage() {
  const dist = join(root, "dist");
  const missing = ["index.js", "worker.js", "tablog.wasm"].filter(
    (file) => !existsSync(join(dist, file)),
  );
  if (missing.length > 0) throw new Error(`dist/${missing[0]} is missing: ./dev build`);
  return dist;
}
