// What the demo's server serves: the app, the built package, the flights.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib.mjs";
import { builtPackage } from "../../scripts/package.mjs";
import { serve } from "../../scripts/static_server.mjs";

const flightsFile = join(root, "node_modules/vega-datasets/data/flights-20k.json");

/** @param {{ port?: number }} [options] */
export async function serveDemo(options) {
  return serve(
    {
      "/": join(root, "examples/demo/app"),
      "/kanban/": join(root, "examples/kanban"),
      "/tablog/": builtPackage(),
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
