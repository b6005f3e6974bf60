import sqlite3InitModule from "/sqlite/index.mjs";
import { answer } from "./rpc.mjs";
import * as sql from "./workload.mjs";

let db;
const statements = {};

/** A statement with its parameters bound, kept prepared. */
function bound(name, values) {
  const statement = (statements[name] ??= db.prepare(sql[name]));
  return statement.bind(
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`:${key}`, value])),
  );
}

function insert(row) {
  bound("insert", row).step();
  statements.insert.reset();
}

function rows(name, values) {
  const statement = bound(name, values);
  const found = [];
  while (statement.step()) found.push(statement.get({}));
  statement.reset();
  return found;
}

answer({
  async open({ name, journal }) {
    const sqlite3 = await sqlite3InitModule();
    const pool = await sqlite3.installOpfsSAHPoolVfs({ name, clearOnInit: true });
    db = new pool.OpfsSAHPoolDb("/bench.sqlite3");
    if (journal === "wal") {
      // As durable as the default: a flush per commit.
      db.exec(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
      );
      if (db.selectValue("PRAGMA journal_mode") !== "wal") throw new Error("no WAL");
    }
    db.exec(sql.createTable);
  },
  insert,
  insertAll: (batch) => db.transaction(() => batch.forEach(insert)),
  point: (values) => rows("point", values),
  range: (values) => rows("range", values),
});
