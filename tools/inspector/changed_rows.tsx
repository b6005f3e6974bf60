// The rows that an entry has changed, table by table, before and after.

import { sameValue, type Changes, type Row, type RowChange, type TableChange } from "./changes.js";
import { count, visible } from "./format.js";
import { Value } from "./parts.js";

export function ChangedRows({ changes: { tables, notCompared } }: { changes: Changes }) {
  return (
    <>
      {tables.length === 0 ? <p class="note">No row of any table.</p> : null}
      {tables.map((change) => (
        <Table change={change} key={change.table} />
      ))}
      {notCompared.length === 0 ? null : (
        <p class="note">
          Rows of virtual tables are not compared: {visible(notCompared.join(", "))}.
        </p>
      )}
    </>
  );
}

function Table({ change }: { change: TableChange }) {
  const { table, columns, rows, inserted, updated, deleted, skipped } = change;
  const counts = [
    [inserted, "inserted"],
    [updated, "updated"],
    [deleted, "deleted"],
  ] as const;
  const words = counts.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`);
  const total = inserted + updated + deleted;
  return (
    <div class="rows-of" role="region" aria-label={`Rows of ${table}`} tabIndex={0}>
      <table>
        <caption>
          <code>{visible(table)}</code> {skipped ?? words.join(", ")}
          {total > rows.length && skipped === undefined
            ? `; the first ${count(rows.length)} are shown`
            : ""}
        </caption>
        {rows.length === 0 ? null : (
          <>
            <thead>
              <tr>
                <th scope="col">
                  <span class="hidden">Change</span>
                </th>
                {columns.map((name) => (
                  <th scope="col" key={name}>
                    {visible(name)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, at) => (
                <Change row={row} columns={columns} key={at} />
              ))}
            </tbody>
          </>
        )}
      </table>
    </div>
  );
}

function Change({
  row: { before, after },
  columns,
}: {
  row: RowChange;
  columns: readonly string[];
}) {
  const differs = (name: string): boolean =>
    before !== undefined && after !== undefined && !sameValue(before[name], after[name]);
  return (
    <>
      {before === undefined ? null : (
        <Line kind="before" row={before} columns={columns} differs={differs} />
      )}
      {after === undefined ? null : (
        <Line kind="after" row={after} columns={columns} differs={differs} />
      )}
    </>
  );
}

interface LineProps {
  readonly kind: "before" | "after";
  readonly row: Row;
  readonly columns: readonly string[];
  readonly differs: (name: string) => boolean;
}

function Line({ kind, row, columns, differs }: LineProps) {
  return (
    <tr class={kind}>
      <th scope="row">
        <span aria-hidden="true">{kind === "before" ? "−" : "+"}</span>
        <span class="hidden">{kind}</span>
      </th>
      {columns.map((name) => (
        <td key={name} class={differs(name) ? "differs" : undefined}>
          {row[name] === undefined ? "" : <Value value={row[name]} textMax={200} exact />}
        </td>
      ))}
    </tr>
  );
}
