// SQL against the store as it is, or as it was at any index.

import { useEffect, useRef, useState } from "preact/hooks";
import { TablogError, type PastStore } from "tablog";
import type { Row } from "./changes.js";
import { quoteName } from "./changes.js";
import { count, milliseconds, visible } from "./format.js";
import { useStatus, useTask, type Tell } from "./hooks.js";
import { TaskNote, Value } from "./parts.js";
import { PastChoice } from "./past_choice.js";
import type { AnyStore } from "./sources.js";
import { leaderStats } from "./stats.js";

const kRowsShown = 500;
const kTablesSql = `SELECT name, type FROM pragma_table_list
  WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND name NOT LIKE 'tablog\\_%' ESCAPE '\\' ORDER BY name`;

interface Answer {
  readonly rows: readonly Row[];
  readonly index: number | undefined;
  readonly ms: number;
}

export function ConsolePanel({ store, first }: { store: AnyStore; first: number }) {
  const { head } = useStatus(store);
  const [sql, setSql] = useState("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  const [index, setIndex] = useState<number | undefined>(undefined);
  const states = usePast(store);
  const { task, run, cancel } = useTask<Answer>();
  const tables = useTables(store, task.state);

  const ask = (text: string, at: number | undefined): void =>
    run(async (tell) => {
      const past = await states.at(at ?? (await headOf(store)), tell);
      tell.signal.throwIfAborted();
      // A query that is withdrawn ends with its worker; the next one gets another.
      tell.signal.addEventListener("abort", states.drop);
      try {
        const asked = performance.now();
        tell.progress("asking");
        const rows = await rowsOf(past, text);
        return { rows, index: at, ms: performance.now() - asked };
      } finally {
        tell.signal.removeEventListener("abort", states.drop);
      }
    });
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    ask(sql, index);
  };

  return (
    <div class="console">
      <nav class="tables" aria-label="Tables">
        <h2>Tables</h2>
        <ul>
          {tables.map(({ name, type }) => (
            <li key={name}>
              <button
                type="button"
                title={type}
                onClick={() => {
                  const text = `SELECT * FROM ${/^[a-z_]\w*$/i.test(name) ? name : quoteName(name)} LIMIT 100`;
                  setSql(text);
                  ask(text, index);
                }}
              >
                {visible(name)}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div class="asking">
        <PastChoice
          first={first}
          head={head}
          index={index}
          onChange={(at) => {
            setIndex(at);
            ask(sql, at);
          }}
        />
        <label class="sql">
          <span class="hidden">SQL</span>
          <textarea
            spellcheck={false}
            autocapitalize="off"
            rows={5}
            value={sql}
            onInput={(event) => setSql(event.currentTarget.value)}
            onKeyDown={pressed}
          />
        </label>
        <div class="line">
          <button type="button" class="main" onClick={() => ask(sql, index)}>
            Run
          </button>
          <kbd>Ctrl</kbd>+<kbd>Enter</kbd>
          <span class="quiet">one reading statement, asked in a worker of its own</span>
        </div>
        <TaskNote task={task} cancel={cancel} />
        {task.state === "done" ? <Result answer={task.value} /> : null}
      </div>
    </div>
  );
}

function Result({ answer: { rows, index, ms } }: { answer: Answer }) {
  const columns = Object.keys(rows[0] ?? {});
  const where = index === undefined ? "at the head" : `as of entry ${count(index)}`;
  const cut = rows.length > kRowsShown ? `, the first ${count(kRowsShown)} shown` : "";
  return (
    <>
      <output class="result-line">
        {count(rows.length)} {rows.length === 1 ? "row" : "rows"}
        {cut} {where}, {milliseconds(ms)}
      </output>
      {rows.length === 0 ? null : (
        <div class="result" role="region" aria-label="Result" tabIndex={0}>
          <table class="data">
            <thead>
              <tr>
                {columns.map((name) => (
                  <th scope="col" key={name}>
                    {visible(name)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, kRowsShown).map((row, at) => (
                <tr key={at}>
                  {columns.map((name) => (
                    <td key={name}>
                      {row[name] === undefined ? "" : <Value value={row[name]} textMax={300} />}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/**
 * The head as the leader has it. It is asked in a state of its own, too: in the leader's worker, a query that does not end
 * would stop every tab.
 */
async function headOf(store: AnyStore): Promise<number> {
  return leaderStats(await store.stats()).log.head;
}

/** Of two columns of one name a row would keep one: as columns of a subquery they have names of their own, "id:1". */
async function rowsOf(past: PastStore, sql: string): Promise<Row[]> {
  if (/^\s*(select|with|values)\b/i.test(sql)) {
    const statement = sql.replace(/;\s*$/, "");
    try {
      return await past.query<Row>(`SELECT * FROM (\n${statement}\n)`);
    } catch (thrown) {
      const isOfSql = thrown instanceof TablogError && thrown.code === "QueryFailed";
      if (!isOfSql) throw thrown; // else what is wrong is told of the SQL as it was written
    }
  }
  return past.query<Row>(sql);
}

/** The past state that was asked last is kept: each has a worker. */
function usePast(store: AnyStore): {
  readonly at: (index: number, tell: Tell) => Promise<PastStore>;
  readonly drop: () => void;
} {
  const kept = useRef<PastStore | undefined>(undefined);
  const drop = (): void => {
    void kept.current?.close();
    kept.current = undefined;
  };
  useEffect(() => drop, [store]);
  const at = async (index: number, { signal, progress }: Tell): Promise<PastStore> => {
    if (kept.current?.index === index) return kept.current;
    drop();
    const past = await store.at(index, {
      signal,
      onProgress: ({ done, total }) =>
        progress(`replaying to ${count(index)}`, total === 0 ? 1 : done / total),
    });
    if (signal.aborted) {
      await past.close();
      signal.throwIfAborted();
    }
    drop();
    kept.current = past;
    return past;
  };
  return { at, drop };
}

interface Table {
  readonly name: string;
  readonly type: string;
}

/** Those at the head; looked at again with each question. */
function useTables(store: AnyStore, asked: unknown): readonly Table[] {
  const [tables, setTables] = useState<readonly Table[]>([]);
  useEffect(() => {
    let over = false;
    store.query<Table>(kTablesSql).then(
      (rows) => !over && setTables(rows),
      () => undefined, // the console's own question tells what is wrong
    );
    return () => void (over = true);
  }, [store, asked]);
  return tables;
}
