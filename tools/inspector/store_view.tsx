// A store that is open: how it is, and the panels that look into it.

import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { TablogError } from "tablog";
import { Boundary } from "./boundary.js";
import { ConsolePanel } from "./console_panel.js";
import { failureOf, type Failure } from "./errors.js";
import { count, term } from "./format.js";
import { useStatus } from "./hooks.js";
import { LogPanel } from "./log_panel.js";
import { MaintenancePanel } from "./maintenance_panel.js";
import { useMonitor } from "./monitor.js";
import { OverviewPanel } from "./overview_panel.js";
import { FailureNote, TabId } from "./parts.js";
import type { AnyStore, Source } from "./sources.js";

const kPanels = [
  { name: "Overview" },
  { name: "Log" },
  { name: "SQL" },
  { name: "Maintenance" },
] as const;
type PanelName = (typeof kPanels)[number]["name"];

export function StoreView({ source }: { source: Source }) {
  const { store } = source;
  const [panel, setPanel] = useState<PanelName>("Overview");
  const monitor = useMonitor(store);
  const failure = useFailure(store);
  const panelId = useId();
  const first = monitor.stats?.log.first; // known with the leader's first word
  return (
    <>
      <div class="bar">
        <PanelTabs chosen={panel} onChoose={setPanel} panelId={panelId} />
        <StatusLine store={store} />
      </div>
      {failure.of === undefined ? null : (
        <div class="banner">
          <FailureNote failure={failure.of} />
          <button type="button" onClick={failure.dismiss}>
            Dismiss
          </button>
        </div>
      )}
      <div role="tabpanel" class="panel" id={panelId} aria-label={panel}>
        <Boundary key={panel}>
          {panel === "Overview" ? <OverviewPanel source={source} monitor={monitor} /> : null}
          {panel === "Log" && first !== undefined ? <LogPanel store={store} first={first} /> : null}
          {panel === "SQL" && first !== undefined ? (
            <ConsolePanel store={store} first={first} />
          ) : null}
          {panel === "Maintenance" ? <MaintenancePanel source={source} /> : null}
        </Boundary>
      </div>
    </>
  );
}

interface PanelTabsProps {
  readonly chosen: PanelName;
  readonly onChoose: (name: PanelName) => void;
  readonly panelId: string;
}

function PanelTabs({ chosen, onChoose, panelId }: PanelTabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const at = kPanels.findIndex(({ name }) => name === chosen);
  const pressed = (event: KeyboardEvent): void => {
    const last = kPanels.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    const panel = to === undefined ? undefined : kPanels[to];
    if (panel === undefined) return;
    event.preventDefault();
    onChoose(panel.name);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[to!]?.focus();
  };
  return (
    <div role="tablist" aria-label="Panels" ref={list} onKeyDown={pressed}>
      {kPanels.map(({ name }) => (
        <button
          type="button"
          role="tab"
          key={name}
          aria-selected={name === chosen}
          aria-controls={panelId}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function StatusLine({ store }: { store: AnyStore }) {
  const status = useStatus(store);
  const { leaderId, leaderUnresponsive, head, durable } = status;
  const state = leaderUnresponsive ? "stuck" : leaderId === null ? "waiting" : "live";
  const words = {
    stuck: "the leader does not answer",
    waiting: "no leader is known",
    live: "live",
  }[state];
  return (
    <dl class="status-line" aria-label="Status">
      <div>
        <dt class="hidden">State</dt>
        <dd>
          <span class={`state ${state}`} aria-hidden="true" />
          {words}
        </dd>
      </div>
      <div>
        <dt>leader</dt>
        <dd>{leaderId === null ? "–" : <TabId id={leaderId} />}</dd>
      </div>
      <div>
        <dt>term</dt>
        <dd>{term(status.term)}</dd>
      </div>
      <div>
        <dt>head</dt>
        <dd class="head">{count(head)}</dd>
      </div>
      <div title="The log is flushed through this entry">
        <dt>durable</dt>
        <dd>{count(durable)}</dd>
      </div>
    </dl>
  );
}

function useFailure(store: AnyStore): {
  readonly of: Failure | undefined;
  readonly dismiss: () => void;
} {
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  useEffect(() => {
    const told = ({ error }: { readonly error: TablogError }): void => setFailure(failureOf(error));
    store.addEventListener("error", told);
    return () => store.removeEventListener("error", told);
  }, [store]);
  return { of: failure, dismiss: () => setFailure(undefined) };
}
