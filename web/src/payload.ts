// What an append, an ad hoc write and a query hold, as docs/boundary.md has it.

import { wellFormed, writeNamed, writeParameters } from "./arguments.js";
import type { Writer } from "./bytes.js";
import { invalid } from "./errors.js";

/** @throws TablogError `InvalidArgument`, naming the path */
export function writeEvent(
  w: Writer,
  type: unknown,
  args: unknown,
  typePath: string,
  argsPath: string,
): void {
  if (typeof type !== "string")
    throw invalid(`${typePath} must be an event type, not ${typeof type}`);
  w.text(wellFormed(type, typePath));
  writeNamed(w, args ?? {}, argsPath);
}

/** @throws TablogError `InvalidArgument` */
export function writeStatement(w: Writer, sql: unknown, params: unknown): void {
  if (typeof sql !== "string") throw invalid(`sql must be text, not ${typeof sql}`);
  w.text(wellFormed(sql, "sql"));
  writeParameters(w, params);
}
