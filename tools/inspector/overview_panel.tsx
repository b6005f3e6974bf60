// The store at a glance: its tabs, who has led it, what it does now, and what it takes.

import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, clock, count, dateAndClock, milliseconds, term } from "./format.js";
import { useStatus } from "./hooks.js";
import type { Monitor } from "./monitor.js";
import { Facts, Section, TabId } from "./parts.js";
import { Plots } from "./plots.js";
import type { Source } from "./sources.js";
import { readTerms, type TermRecord } from "./terms.js";

const kTermsShown = 20;

export function OverviewPanel({ source, monitor }: { source: Source; monitor: Monitor }) {
  return (
    <div class="overview">
      {source.kind === "file" ? null : <Tabs source={source} monitor={monitor} />}
      <Terms source={source} monitor={monitor} />
      {source.kind === "file" ? null : <Plots monitor={monitor} />}
      <Storage source={source} monitor={monitor} />
    </div>
  );
}

function Tabs({
  source: { store },
  monitor: { tabs, silent },
}: {
  source: Source;
  monitor: Monitor;
}) {
  const { head, clientId } = useStatus(store);
  return (
    <Section title="Tabs" aside={count(tabs.length + silent.length)}>
      <div class="scrolls" role="group" aria-label="Tabs that have the store open" tabIndex={0}>
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Tab</th>
              <th scope="col">Role</th>
              <th scope="col">Visible</th>
              <th scope="col" class="number">
                Applied
              </th>
              <th scope="col" class="number">
                Lag
              </th>
              <th scope="col" class="number">
                Round trip
              </th>
              <th scope="col">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {tabs.map((tab) => (
              <tr key={tab.id}>
                <th scope="row">
                  <TabId id={tab.id} />
                  {tab.id === clientId ? <span class="badge">this inspector</span> : null}
                </th>
                <td>
                  <span class={`badge ${tab.role}`}>{tab.role}</span>
                </td>
                <td>{tab.visible ? "yes" : "hidden"}</td>
                <td class="number">{count(tab.applied)}</td>
                <td class="number">{count(Math.max(0, head - tab.applied))}</td>
                <td class="number">{milliseconds(tab.roundTripMs)}</td>
                <td>{clock(tab.lastSeen)}</td>
              </tr>
            ))}
            {silent.map((id) => (
              <tr key={id} class="silent">
                <th scope="row">
                  <TabId id={id} />
                </th>
                <td colSpan={6}>does not answer: stopped, busy, or of another version</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Terms({ source: { store }, monitor }: { source: Source; monitor: Monitor }) {
  const { term: now, head } = useStatus(store);
  const [terms, setTerms] = useState<readonly TermRecord[]>([]);
  const [limit, setLimit] = useState(kTermsShown);
  const first = monitor.stats?.log.first ?? 0;
  const latest = useRef(0);
  useEffect(() => {
    if (first === 0) return;
    const asked = (latest.current += 1);
    readTerms(store, Math.max(first, 1), store.status.head, limit).then(
      (read) => {
        if (asked === latest.current) setTerms(read);
      },
      () => undefined, // the log was compacted meanwhile, or the leader is gone: the next change asks again
    );
  }, [store, now, first, limit, head > 0]);
  const more = terms.length === limit && (terms.at(-1)?.firstIndex ?? 0) > first;
  return (
    <Section
      title="Terms and hand-overs"
      aside={more ? `the last ${terms.length}` : count(terms.length)}
    >
      <div class="scrolls" role="group" aria-label="Terms, the newest first" tabIndex={0}>
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Term</th>
              <th scope="col">Leader</th>
              <th scope="col">Began</th>
              <th scope="col" class="number">
                Entries
              </th>
              <th scope="col" class="number">
                First index
              </th>
              <th
                scope="col"
                class="number"
                title="From the last entry of the term before: at most so long did nobody lead"
              >
                Quiet before
              </th>
            </tr>
          </thead>
          <tbody>
            {terms.map((each, at) => {
              const last = at === 0 ? Math.max(head, each.lastIndex) : each.lastIndex;
              return (
                <tr key={each.term}>
                  <th scope="row">
                    {term(each.term)}
                    {each.term === now ? <span class="badge leader">now</span> : null}
                  </th>
                  <td>
                    {each.leader === null ? "before the log begins" : <TabId id={each.leader} />}
                  </td>
                  <td>{dateAndClock(each.began)}</td>
                  <td class="number">{count(last - each.firstIndex + 1)}</td>
                  <td class="number">{count(each.firstIndex)}</td>
                  <td class="number">
                    {each.gapMs === undefined ? "" : milliseconds(Math.max(0, each.gapMs))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {more ? (
          <button type="button" class="more" onClick={() => setLimit(limit * 4)}>
            Show older terms
          </button>
        ) : null}
      </div>
    </Section>
  );
}

function Storage({ source, monitor: { stats } }: { source: Source; monitor: Monitor }) {
  const { storage, generation } = useStatus(source.store);
  if (stats === undefined) return <Section title="Storage">{null}</Section>;
  const { log, state, quota } = stats;
  const used = quota.usageBytes ?? 0;
  const granted = quota.quotaBytes ?? 0;
  return (
    <Section title="Storage" aside={storage}>
      <div class="storage">
        <Facts
          of={[
            ["Log", bytes(log.bytes), "Bytes of the log's segments"],
            [
              "Segments",
              `${count(log.segments)} in ${count(log.slots)} files`,
              "The rest are slots in waiting",
            ],
            [
              "Entries",
              log.first > log.head ? "none" : `${count(log.first)} to ${count(log.head)}`,
            ],
            ["Durable", count(log.durable), "The log is flushed through this entry"],
            ["Flushes", count(log.flushes), "Of the log, in this term"],
          ]}
        />
        <Facts
          of={[
            ["State", bytes(state.bytes), "The database, without its WAL"],
            ["WAL", bytes(state.walBytes)],
            [
              "Checkpoint",
              `${count(state.checkpoint)}`,
              "The database is flushed through this entry",
            ],
            [
              "To replay",
              `${count(Math.max(0, log.head - state.checkpoint))} entries`,
              "What a leader replays after a power loss",
            ],
            ["Generation", count(generation), "Of the store's files"],
          ]}
        />
        <Facts
          of={[
            ["Sessions", count(stats.sessions), "Tabs whose appends are told apart"],
            [
              "Duplicates",
              count(stats.duplicates),
              "Requests that came again and were answered from the session table",
            ],
            ["Rejections", count(stats.rejections)],
            [
              "Lease waits",
              count(stats.leaseWaits),
              "Batches that had to wait for a look at the lock",
            ],
            [
              "Digest",
              <code title={state.digest}>{state.digest.slice(0, 16)}</code>,
              "Of all tables, at the head",
            ],
          ]}
        />
        <div class="quota">
          <label>
            <span>
              Quota: {bytes(used)} of {granted === 0 ? "unknown" : bytes(granted)}
              {quota.persisted === true
                ? ", kept"
                : quota.persisted === false
                  ? ", may be evicted"
                  : ""}
            </span>
            <meter
              min={0}
              max={Math.max(granted, 1)}
              low={granted * 0.7}
              high={granted * 0.9}
              optimum={0}
              value={used}
            />
          </label>
        </div>
      </div>
    </Section>
  );
}
