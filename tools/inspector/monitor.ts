// What is asked of the store once a second, while the page is visible: its tabs, the leader's counters, and the
// samples that are plotted.

import { useRef, useState } from "preact/hooks";
import type { Tab } from "tablog";
import { encodeName, tabsOf } from "../../web/src/names.js";
import { usePolling } from "./hooks.js";
import type { AnyStore } from "./sources.js";
import {
  kPlottedSeconds,
  leaderStats,
  sampleOf,
  type LeaderStats,
  type Reading,
  type Sample,
} from "./stats.js";

const kEveryMs = 1000;
const kSamplesMax = kPlottedSeconds + 10;

export interface Monitor {
  readonly tabs: readonly Tab[];
  /** Ids of tabs that hold their lock and do not answer: stopped, or busy. */
  readonly silent: readonly string[];
  readonly stats: LeaderStats | undefined;
  readonly samples: readonly Sample[];
}

export function useMonitor(store: AnyStore): Monitor {
  const [monitor, setMonitor] = useState<Monitor>({
    tabs: [],
    silent: [],
    stats: undefined,
    samples: [],
  });
  const last = useRef<Reading | undefined>(undefined);
  usePolling(async () => {
    const [tabs, held, counters] = await Promise.all([
      store.tabs(),
      holders(store.name),
      store.stats(),
    ]);
    const answered = new Set(tabs.map(({ id }) => id));
    const reading = { at: Date.now(), stats: leaderStats(counters) };
    const sample = sampleOf(last.current, reading, tabs);
    last.current = reading;
    setMonitor(({ samples }) => ({
      tabs: [...tabs].sort((a, b) =>
        a.role === b.role ? (a.id < b.id ? -1 : 1) : a.role === "leader" ? -1 : 1,
      ),
      silent: held.filter((id) => !answered.has(id)),
      stats: reading.stats,
      samples: [...samples, sample].slice(-kSamplesMax),
    }));
  }, kEveryMs);
  return monitor;
}

async function holders(name: string): Promise<string[]> {
  const { held = [] } = await navigator.locks.query();
  const names = held.map((lock) => lock.name);
  return tabsOf(names, await encodeName(name, crypto.subtle));
}
