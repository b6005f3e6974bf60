// The log as it grows: a list of its entries, a filter, and the entry that is looked at.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LogEntry } from "tablog";
import { EntryDetail } from "./entry_detail.js";
import { failureOf, type Failure } from "./errors.js";
import { argsText, clock, count, dateAndClock, isoTime, term, visible } from "./format.js";
import { FilterBar } from "./filter_bar.js";
import { useKeys, useRerender, useStatus } from "./hooks.js";
import { kNoFilter, needsSearch, Search, type Filter } from "./log_filter.js";
import { LogPages } from "./log_pages.js";
import { FailureNote, TabId } from "./parts.js";
import type { AnyStore } from "./sources.js";
import { VirtualList, type Column } from "./virtual_list.js";

/** Browsers lay out no more than some million pixels; of a longer log these are the last. */
const kRowsMax = 500_000;
const kFilterDelayMs = 200;

const kColumns: readonly Column[] = [
  { name: "Index", class: "index" },
  { name: "Time", class: "time" },
  { name: "Term", class: "term" },
  { name: "Tab", class: "tab" },
  { name: "Type", class: "type" },
  { name: "Arguments", class: "args" },
];

export function LogPanel({ store, first }: { store: AnyStore; first: number }) {
  const { head, term: currentTerm } = useStatus(store);
  const rerender = useRerender();
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [filter, setFilter] = useState<Filter>(kNoFilter);
  const [active, setActive] = useState<number | undefined>(undefined); // an index
  const [follow, setFollow] = useState(true);
  const types = useRef(new Set<string>());
  const filterInput = useRef<HTMLInputElement>(null);

  const pages = useMemo(
    () =>
      new LogPages(store, (thrown) => {
        setFailure(thrown === undefined ? undefined : failureOf(thrown));
        rerender();
      }),
    [store],
  );
  useEffect(() => pages.again(), [pages, currentTerm]); // what the leader before could not be asked
  const search = useSearch(store, filter, first, head, rerender);

  const from = Math.max(first, filter.from ?? 1, head - kRowsMax + 1);
  const to = Math.min(filter.to ?? Infinity, head);
  const rows = search === undefined ? Math.max(0, to - from + 1) : search.matches.length;
  const indexOf = (row: number): number => search?.matches[row]?.index ?? from + row;
  const entryOf = (row: number): LogEntry | undefined =>
    search === undefined ? pages.get(from + row) : search.matches[row];
  const rowOf = (index: number | undefined): number | undefined => {
    if (index === undefined) return undefined;
    const row =
      search === undefined
        ? index - from
        : search.matches.findIndex((each) => each.index === index);
    return row >= 0 && row < rows ? row : undefined;
  };
  const activeRow = rowOf(active);

  const cells = (row: number) => {
    const entry = entryOf(row);
    if (entry?.kind === "event") types.current.add(entry.type);
    return cellsOf(indexOf(row), entry);
  };
  const box = useRef<HTMLDivElement>(null);
  const closeEntry = (): void => {
    setActive(undefined);
    box.current?.querySelector<HTMLElement>("[role=grid]")?.focus();
  };
  useKeys(box, (event) => {
    const { target } = event;
    const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (event.key === "/" && !typing) {
      filterInput.current?.focus();
      event.preventDefault();
    } else if (event.key === "Escape" && active !== undefined) {
      if (target instanceof Element && target.closest(".detail") !== null) closeEntry();
      else setActive(undefined);
    }
  });

  return (
    <div class={active === undefined ? "log" : "log with-detail"} ref={box}>
      <FilterBar
        filter={filter}
        types={types.current}
        textInput={filterInput}
        onChange={setFilter}
        search={search}
        found={rows}
        follow={follow}
        onFollow={setFollow}
      />
      {failure === undefined ? null : <FailureNote failure={failure} />}
      {search?.state === "failed" ? <FailureNote failure={failureOf(search.failure)} /> : null}
      {head - first >= kRowsMax && search === undefined && filter.from === undefined ? (
        <p class="note">
          The last {count(kRowsMax)} entries are listed. A filter searches all of them.
        </p>
      ) : null}
      <div class="panes">
        <VirtualList
          label="Log entries"
          columns={kColumns}
          count={rows}
          cells={cells}
          keyOf={indexOf}
          active={activeRow}
          onActive={(row) => {
            setActive(indexOf(row));
            setFollow(false);
          }}
          follow={follow}
          onFollow={setFollow}
          onView={(top, bottom) => {
            if (search === undefined) pages.want(first, from + top, from + bottom);
          }}
          empty={
            search === undefined
              ? "No entries."
              : search.state === "running"
                ? "Searching…"
                : "Nothing matches."
          }
        />
        {active === undefined ? null : (
          <EntryDetail
            store={store}
            index={active}
            first={first}
            entry={activeRow === undefined ? undefined : entryOf(activeRow)}
            onClose={closeEntry}
          />
        )}
      </div>
    </div>
  );
}

/** The search for what the filter wants, which goes on as the log grows; none where no search is needed. */
function useSearch(
  store: AnyStore,
  filter: Filter,
  first: number,
  head: number,
  changed: () => void,
): Search | undefined {
  const [settled, setSettled] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(filter), kFilterDelayMs);
    return () => clearTimeout(timer);
  }, [filter]);
  const search = useMemo(
    () => (needsSearch(settled) ? new Search(store, settled, first, changed) : undefined),
    [store, settled],
  );
  useEffect(() => () => search?.stop(), [search]);
  useEffect(() => void search?.goOn(), [search, head]);
  return search;
}

function cellsOf(index: number, entry: LogEntry | undefined) {
  if (entry === undefined) return [count(index), "", "", "", <span class="waiting">…</span>, ""];
  const part =
    entry.count > 1 ? (
      <span
        class="part"
        title="Part of one atomic batch"
      >{`${entry.position + 1}/${entry.count}`}</span>
    ) : null;
  return [
    count(index),
    <time dateTime={isoTime(entry.time)} title={dateAndClock(entry.time)}>
      {clock(entry.time)}
    </time>,
    term(entry.term),
    entry.client === null ? <span class="quiet">leader</span> : <TabId id={entry.client} />,
    <>
      <span class={`kind ${entry.kind}`}>
        {entry.kind === "event" ? visible(entry.type) : entry.kind}
      </span>
      {part}
    </>,
    <span class="summary">{visible(summaryOf(entry))}</span>,
  ];
}

function summaryOf(entry: LogEntry): string {
  switch (entry.kind) {
    case "event":
      return argsText(entry.args);
    case "exec":
      return entry.sql.replaceAll(/\s+/g, " ").slice(0, 200);
    case "term":
      return `led by ${entry.leader.slice(0, 8)}`;
    case "schema":
      return `version ${entry.version}`;
    case "checkpoint":
      return `the state is flushed at ${entry.checkpoint}`;
    case "close":
      return `the session of ${entry.closed.slice(0, 8)} is over`;
    case "void":
      return "withdrawn by its tab";
  }
}
