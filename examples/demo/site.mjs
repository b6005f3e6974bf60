// What the demo's server serves: the app, the built package, the flights.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib.mjs";
import { serve } from "../../scripts/static_server.mjs";

const flightsFile = join(root, "node_modules/vega-datasets/data/flights-20k.json");

/** @param {{ port?: number }} [options] */
export async function serveDemo(options) {
  for (const file of ["index.js", "worker.js", "tablog.wasm"]) {
    if (!existsSync(join(root, "dist", file)))
      throw new Error(`dist/${file} is missing: ./dev build`);
  }
  return serve(
    {
      "/": join(root, "examples/demo/app"),
      "/tablog/": join(root, "dist"),
      "/data/flights-20k.json": flightsFile,
    },
    options,
  );
}

/**
 * 20,000 flights in the United States, January to March 2001, from vega-datasets.
 * @returns {Promise<import("./app/recorder.mjs").Flight[]>}
 */
export async function loadFlights() {
  return JSON.parse(await readFile(flightsFile, "utf8"));
}
