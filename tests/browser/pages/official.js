// A worker with the official sqlite-wasm and its opfs-sahpool on the directory that it is told.
import sqlite3InitModule from "/sqlite/index.mjs";

const actions = {
  /** Reads a database that tablog wrote, and has SQLite check it. */
  read(pool) {
    const database = openState(pool);
    const rows = database.selectObjects("SELECT id, tab FROM item ORDER BY seq");
    const integrity = database.selectValue("PRAGMA integrity_check");
    database.close();
    return { rows, integrity };
  },
  /** Writes every page of it anew without changing its content, and a database of its own beside it. */
  rewrite(pool) {
    const database = openState(pool);
    database.exec("PRAGMA journal_mode = delete; VACUUM");
    database.close();
    const theirs = new pool.OpfsSAHPoolDb("/theirs.sqlite3");
    theirs.exec("CREATE TABLE t(a); INSERT INTO t VALUES (42)");
    theirs.close();
    return pool.getFileNames();
  },
  readTheirs(pool) {
    const theirs = new pool.OpfsSAHPoolDb("/theirs.sqlite3");
    return theirs.selectValue("SELECT a FROM t");
  },
};

// The official build has no shared memory: a WAL database is opened for one connection only.
function openState(pool) {
  const name = pool
    .getFileNames()
    .find((path) => !/-(wal|journal)$/.test(path) && !path.includes("theirs"));
  const database = new pool.OpfsSAHPoolDb(name);
  database.exec("PRAGMA locking_mode = exclusive");
  return database;
}

self.onmessage = async ({ data: { directory, action } }) => {
  try {
    const sqlite3 = await sqlite3InitModule();
    const pool = await sqlite3.installOpfsSAHPoolVfs({ directory, initialCapacity: 0 });
    self.postMessage({ version: sqlite3.version.libVersion, value: actions[action](pool) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
