import { defineSchema } from "tablog";

/** One event per flight. Nothing in the table is unique: a lost or doubled event must show. */
export const schema = defineSchema({
  version: 1,
  migrations: [
    `CREATE TABLE flight(
       id INTEGER NOT NULL,           -- its place in the data file
       date TEXT NOT NULL,            -- 2001/01/14 21:55, of the departure
       delay INTEGER NOT NULL,        -- minutes at the arrival; negative: early
       distance INTEGER NOT NULL,     -- miles
       origin TEXT NOT NULL,          -- airport codes
       destination TEXT NOT NULL
     );
     CREATE INDEX flight_origin ON flight(origin, delay);`,
  ],
  events: {
    "flight.recorded": `INSERT INTO flight(id, date, delay, distance, origin, destination)
                        VALUES (:id, :date, :delay, :distance, :origin, :destination)`,
  },
});
