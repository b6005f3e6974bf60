// Which rows an entry has changed: the state before it against the state after it, table by table.

import type { ColumnValue, PastStore } from "tablog";

/** Of the states that are compared: integers are bigints, so that 1 is not 1.0. */
export type Row = Readonly<Record<string, ColumnValue>>;

export interface Changes {
  readonly tables: readonly TableChange[];
  /** Virtual tables, whose rows have no digest. */
  readonly notCompared: readonly string[];
}

export interface RowChange {
  readonly before: Row | undefined; // inserted
  readonly after: Row | undefined; // deleted
}

export interface TableChange {
  readonly table: string;
  readonly columns: readonly string[];
  /** The first of them. */
  readonly rows: readonly RowChange[];
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Why its rows were not compared. */
  readonly skipped?: string;
}

export interface CompareOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (words: string) => void;
}

const kRowsShown = 200;
const kRowsMax = 500_000; // of a table, on either side
const kRowsMaxWithoutRowid = 20_000;
const kSlice = 2000;
const kTypedColumnsMax = 900; // a result has at most 2000 columns

/** Tables are compared by their digests first, and only those that differ row by row. */
export async function compareStates(
  before: PastStore,
  after: PastStore,
  { signal, onProgress }: CompareOptions,
): Promise<Changes> {
  const [old, now] = await Promise.all([digestsOf(before), digestsOf(after)]);
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const differing = names.filter((name) => old.get(name) !== now.get(name));
  const changes: TableChange[] = [];
  for (const table of differing) {
    signal.throwIfAborted();
    onProgress(`comparing ${table}`);
    const there = { before: old.has(table), after: now.has(table) };
    const change = await compareTable(
      table,
      there.before ? before : undefined,
      there.after ? after : undefined,
      signal,
    );
    if (change.inserted + change.updated + change.deleted > 0 || change.skipped !== undefined)
      changes.push(change);
  }
  const virtual = await after.query<{ name: string }>(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' ORDER BY name",
  );
  return { tables: changes, notCompared: virtual.map(({ name }) => name) };
}

async function digestsOf(past: PastStore): Promise<ReadonlyMap<string, string>> {
  return (await past.digests()).tables;
}

async function compareTable(
  table: string,
  before: PastStore | undefined,
  after: PastStore | undefined,
  signal: AbortSignal,
): Promise<TableChange> {
  const of = await Promise.all([shapeOf(before, table), shapeOf(after, table)]);
  const columns = [...new Set(of.flatMap((shape) => shape?.columns ?? []))];
  const tally = new Tally();
  const result = (): TableChange => ({ table, columns, ...tally.counts, rows: tally.rows });
  const most = Math.max(...of.map((shape) => shape?.rows ?? 0));
  const keyed = of.some((shape) => shape?.key !== undefined);
  if (most > (keyed ? kRowsMaxWithoutRowid : kRowsMax))
    return {
      ...result(),
      skipped: `${most.toLocaleString("en-US")} rows are too many to compare here`,
    };
  const cursors = [
    new Cursor(before, table, of[0], signal),
    new Cursor(after, table, of[1], signal),
  ] as const;
  if (keyed) await compareKeyed(cursors[0], cursors[1], keyOf(of), tally);
  else await compareInOrder(cursors[0], cursors[1], tally);
  const { inserted, updated, deleted } = tally.counts;
  const unseen = inserted + updated + deleted === 0 && of.every((shape) => (shape?.rows ?? 0) > 0);
  return unseen ? { ...result(), skipped: kUnseen } : result();
}

/** Text of other bytes may read the same. */
const kUnseen = "changed in a way that JavaScript cannot show: in text that is not UTF-8";

/** The columns that tell the rows of both sides apart. */
function keyOf(shapes: readonly (Shape | undefined)[]): readonly string[] {
  const present = shapes.filter((shape) => shape !== undefined);
  const inBoth = (name: string): boolean => present.every(({ columns }) => columns.includes(name));
  const keys = present.flatMap(({ key }) => (key === undefined ? [] : [key]));
  return keys.find((key) => key.every(inBoth)) ?? (present[0]?.columns ?? []).filter(inBoth);
}

interface Shape {
  readonly columns: readonly string[];
  readonly rows: number;
  /** The primary key of a table without rowids. */
  readonly key: readonly string[] | undefined;
  /** A name for the rowid that no column has. */
  readonly rowid: string;
}

async function shapeOf(past: PastStore | undefined, table: string): Promise<Shape | undefined> {
  if (past === undefined) return undefined;
  const info = await past.query<{ name: string; pk: number }>(
    "SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid", // generated ones, too
    [table],
  );
  const [kind] = await past.query<{ wr: number }>(
    "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'",
    [table],
  );
  const [size] = await past.query<{ n: number }>(`SELECT count(*) AS n FROM ${quoteName(table)}`);
  const columns = info.map(({ name }) => name);
  const key = info.filter(({ pk }) => pk > 0).map(({ name }) => name);
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  const rowid = ["_rowid_", "oid", "rowid"].find((name) => !taken.has(name));
  const byKey = kind?.wr === 1 || rowid === undefined;
  return {
    columns,
    rows: size?.n ?? 0,
    key: byKey ? (key.length > 0 ? key : columns) : undefined,
    rowid: rowid ?? "",
  };
}

/** A table's rows in the order of their rowids, or all of one without. */
class Cursor {
  readonly #past: PastStore | undefined;
  readonly #table: string;
  readonly #shape: Shape | undefined;
  readonly #signal: AbortSignal;
  #slice: { readonly id: number | bigint; readonly row: Row }[] = [];
  #at = 0;
  #after: number | bigint | undefined;
  #ended = false;

  constructor(
    past: PastStore | undefined,
    table: string,
    shape: Shape | undefined,
    signal: AbortSignal,
  ) {
    this.#past = past;
    this.#table = table;
    this.#shape = shape;
    this.#signal = signal;
  }

  async all(): Promise<Row[]> {
    const sql = `SELECT ${this.#selected()} FROM ${quoteName(this.#table)}`;
    return ((await this.#past?.query<Row>(sql)) ?? []).map((row) => this.#exact(row));
  }

  #selected(): string {
    const columns = this.#shape?.columns ?? [];
    const types = columns.length > kTypedColumnsMax ? [] : columns;
    return [
      ...columns.map(quoteName),
      ...types.map((name, at) => `typeof(${quoteName(name)}) AS ${quoteName(typeColumn(at))}`),
    ].join();
  }

  #exact(row: Row): Row {
    const columns = this.#shape?.columns ?? [];
    return Object.fromEntries(
      columns.map((name, at) => {
        const value = row[name] ?? null;
        const isInteger = typeof value === "number" && row[typeColumn(at)] === "integer";
        return [name, isInteger ? BigInt(value) : value];
      }),
    );
  }

  /** The row that it stands at; none at the end. */
  async peek(): Promise<{ readonly id: number | bigint; readonly row: Row } | undefined> {
    if (this.#at >= this.#slice.length && !this.#ended) await this.#read();
    return this.#slice[this.#at];
  }

  next(): void {
    this.#at += 1;
  }

  async #read(): Promise<void> {
    this.#signal.throwIfAborted();
    const { rowid = "" } = this.#shape ?? {};
    const name = quoteName(this.#table);
    const from = this.#after === undefined ? "" : `WHERE ${rowid} > ?`;
    const sql = `SELECT ${rowid} AS ${quoteName(kIdColumn)}, ${this.#selected()} FROM ${name} ${from} ORDER BY ${rowid} LIMIT ${kSlice}`;
    const rows =
      (await this.#past?.query<Row>(sql, this.#after === undefined ? [] : [this.#after])) ?? [];
    this.#slice = rows.map((row) => ({
      id: row[kIdColumn] as number | bigint,
      row: this.#exact(row),
    }));
    this.#at = 0;
    this.#after = this.#slice.at(-1)?.id;
    this.#ended = rows.length < kSlice;
  }
}

// No column is called so.
const kIdColumn = "tablog inspector: rowid";
const typeColumn = (at: number): string => `tablog inspector: type ${at}`;

async function compareInOrder(before: Cursor, after: Cursor, tally: Tally): Promise<void> {
  for (;;) {
    const [old, now] = [await before.peek(), await after.peek()];
    if (old === undefined && now === undefined) return;
    const onlyOld = now === undefined || (old !== undefined && old.id < now.id);
    const onlyNow = old === undefined || (now !== undefined && now.id < old.id);
    if (!onlyNow) before.next();
    if (!onlyOld) after.next();
    tally.add(onlyNow ? undefined : old?.row, onlyOld ? undefined : now?.row);
  }
}

async function compareKeyed(
  before: Cursor,
  after: Cursor,
  key: readonly string[],
  tally: Tally,
): Promise<void> {
  // Where only one side has the key, rows of the other may share one.
  const old = Map.groupBy(await before.all(), (row) => rowText(row, key));
  for (const row of await after.all()) tally.add(old.get(rowText(row, key))?.shift(), row);
  for (const row of [...old.values()].flat()) tally.add(row, undefined);
}

class Tally {
  readonly rows: RowChange[] = [];
  readonly counts = { inserted: 0, updated: 0, deleted: 0 };

  add(before: Row | undefined, after: Row | undefined): void {
    if (before !== undefined && after !== undefined && same(before, after)) return;
    const kind = before === undefined ? "inserted" : after === undefined ? "deleted" : "updated";
    this.counts[kind] += 1;
    if (this.rows.length < kRowsShown) this.rows.push({ before, after });
  }
}

function same(a: Row, b: Row): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => sameValue(a[name], b[name]))
  );
}

export function sameValue(a: ColumnValue | undefined, b: ColumnValue | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  return Object.is(a, b);
}

function rowText(row: Row, names: readonly string[]): string {
  const texts = names.map((name) => {
    const value = row[name];
    return value instanceof Uint8Array
      ? `x${[...value].join()}`
      : `${typeof value} ${String(value)}`;
  });
  return JSON.stringify(texts);
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
