// The exported log in the hands of the native tool, which shares no process and no browser with it.
import { join } from "node:path";
import { capture, root } from "../../scripts/lib.mjs";

const tool = join(root, "dist/bin/tablog");

/** @param {...string} args @returns {Promise<Record<string, any>>} What it says as JSON. */
async function tablog(...args) {
  const { code, stdout, stderr } = await capture(tool, [...args, "--output", "json"], {
    timeout: 60_000,
  });
  if (code !== 0)
    throw new Error(`tablog ${args.join(" ")}: exit code ${code}\n${stderr}${stdout}`);
  return JSON.parse(stdout);
}

/** Every checksum and the hash chain, and the digest of a replay at every commit. */
export const verify = (log) => tablog("verify", "--deep", log);

/** Derives the database anew from the log alone. */
export const replay = (log, database) => tablog("replay", log, "-o", database);
