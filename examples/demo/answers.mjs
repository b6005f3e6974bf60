// The three questions answered twice more, without tablog: in plain JavaScript from the data file, and by
// the official SQLite from a database file.
import { readFile } from "node:fs/promises";
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { queries } from "./app/queries.mjs";

export const allFlights =
  "SELECT id, date, delay, distance, origin, destination FROM flight ORDER BY id";

/**
 * @param {readonly import("./app/recorder.mjs").Flight[]} flights
 * @returns {Record<keyof typeof queries, object[]>}
 */
export function answersFromFile(flights) {
  const averages = (keyOf) => {
    const sums = new Map();
    for (const flight of flights) {
      const sum = sums.get(keyOf(flight)) ?? { flights: 0, delay: 0 };
      sums.set(keyOf(flight), { flights: sum.flights + 1, delay: sum.delay + flight.delay });
    }
    return [...sums].map(([key, sum]) => ({
      key,
      flights: sum.flights,
      delay: sum.delay / sum.flights,
    }));
  };
  const byKey = (a, b) => (a.key < b.key ? -1 : 1);
  return {
    count: [{ flights: flights.length, different: flights.length }],
    averageDelays: averages((flight) => flight.origin)
      .sort(byKey)
      .map(({ key, ...rest }) => ({ origin: key, ...rest })),
    worstDays: averages((flight) => flight.date.slice(0, 10))
      .sort((a, b) => b.delay - a.delay || byKey(a, b))
      .slice(0, 10)
      .map(({ key, ...rest }) => ({ day: key, ...rest })),
  };
}

/**
 * @param {string} path A plain SQLite file.
 * @param {readonly string[]} statements
 * @returns {Promise<object[][]>}
 */
export async function answersFromDatabase(path, statements) {
  const sqlite3 = await sqlite3InitModule();
  const bytes = new Uint8Array(await readFile(path));
  // In memory there is no file for a WAL: read the database as one with a rollback journal.
  bytes[18] = bytes[19] = 1;
  const db = new sqlite3.oo1.DB();
  try {
    if (db.pointer === undefined) throw new Error("the database in memory is closed");
    const { SQLITE_DESERIALIZE_FREEONCLOSE: freeOnClose } = sqlite3.capi;
    const pointer = sqlite3.wasm.allocFromTypedArray(bytes);
    const code = sqlite3.capi.sqlite3_deserialize(
      db.pointer,
      "main",
      pointer,
      bytes.length,
      bytes.length,
      freeOnClose,
    );
    db.checkRc(code);
    return statements.map((sql) => db.selectObjects(sql).map((row) => ({ ...row })));
  } finally {
    db.close();
  }
}
