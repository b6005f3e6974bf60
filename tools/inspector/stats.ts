// The leader's counters as they come, and what two of them, a second apart, say of the time between.

import type { StoreStats, Tab } from "tablog";

/** What `stats()` has of the leader; numbers that an older leader does not count are 0. */
export interface LeaderStats {
  readonly term: number;
  readonly batches: number;
  readonly entries: number;
  readonly requests: number;
  readonly duplicates: number;
  readonly rejections: number;
  readonly leaseWaits: number;
  readonly sessions: number;
  readonly latencyCounts: readonly number[];
  readonly log: {
    readonly bytes: number;
    readonly flushes: number;
    readonly segments: number;
    readonly slots: number;
    readonly first: number;
    readonly head: number;
    readonly durable: number;
  };
  readonly state: {
    readonly bytes: number;
    readonly walBytes: number;
    readonly slots: number;
    readonly applied: number;
    readonly checkpoint: number;
    readonly digest: string;
  };
  readonly quota: StoreStats["quota"];
}

export function leaderStats(stats: StoreStats): LeaderStats {
  const part = (of: unknown) => {
    const fields = (typeof of === "object" && of !== null ? of : {}) as Record<string, unknown>;
    return (name: string): number => (typeof fields[name] === "number" ? fields[name] : 0);
  };
  const all = part(stats);
  const log = part(stats["log"]);
  const state = part(stats["state"]);
  const counts: unknown = stats["appendLatencyCounts"];
  const digest = (stats["state"] as { digest?: unknown } | undefined)?.digest;
  return {
    term: all("term"),
    batches: all("batches"),
    entries: all("entries"),
    requests: all("requests"),
    duplicates: all("duplicates"),
    rejections: all("rejections"),
    leaseWaits: all("leaseWaits"),
    sessions: all("sessions"),
    latencyCounts: Array.isArray(counts) ? counts.filter((n) => typeof n === "number") : [],
    log: {
      bytes: log("bytes"),
      flushes: log("flushes"),
      segments: log("segments"),
      slots: log("slots"),
      first: log("first"),
      head: log("head"),
      durable: log("durable"),
    },
    state: {
      bytes: state("bytes"),
      walBytes: state("walBytes"),
      slots: state("slots"),
      applied: state("applied"),
      checkpoint: state("checkpoint"),
      digest: typeof digest === "string" ? digest : "",
    },
    quota: stats.quota,
  };
}

export const kPlottedSeconds = 120;

/** What is plotted, of one moment; null where there is nothing to tell. */
export interface Sample {
  readonly at: number; // seconds since 1970
  readonly entriesPerSecond: number | null;
  readonly flushesPerSecond: number | null;
  readonly entriesPerBatch: number | null;
  readonly latencyP50: number | null; // ms
  readonly latencyP99: number | null;
  readonly roundTrip: number | null; // ms, the median of the tabs
  readonly roundTripMax: number | null;
}

export interface Reading {
  readonly at: number; // ms since 1970
  readonly stats: LeaderStats;
}

/** Another term's leader counts from zero: nothing can be said of the time between. */
export function sampleOf(before: Reading | undefined, now: Reading, tabs: readonly Tab[]): Sample {
  const trips = tabs.map(({ roundTripMs }) => roundTripMs).sort((a, b) => a - b);
  const sample = {
    at: now.at / 1000,
    roundTrip: trips[Math.floor(trips.length / 2)] ?? null,
    roundTripMax: trips.at(-1) ?? null,
  };
  const nothing = { entriesPerSecond: null, flushesPerSecond: null, entriesPerBatch: null };
  if (before === undefined || before.stats.term !== now.stats.term || now.at <= before.at)
    return { ...sample, ...nothing, latencyP50: null, latencyP99: null };
  const seconds = (now.at - before.at) / 1000;
  const entries = now.stats.entries - before.stats.entries;
  const batches = now.stats.batches - before.stats.batches;
  const counts = now.stats.latencyCounts.map((n, i) => n - (before.stats.latencyCounts[i] ?? 0));
  return {
    ...sample,
    entriesPerSecond: entries / seconds,
    flushesPerSecond: (now.stats.log.flushes - before.stats.log.flushes) / seconds,
    entriesPerBatch: batches > 0 ? entries / batches : null,
    latencyP50: quantile(counts, 0.5),
    latencyP99: quantile(counts, 0.99),
  };
}

const kUnitMs = 0.032; // leader/leader.h: kLatencyUnit

/** The upper bound, in ms, of the bucket in which that share of all is reached. */
export function quantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let left = share * total;
  const bucket = counts.findIndex((n) => (left -= n) <= 0);
  return kUnitMs * 2 ** Math.max(bucket, 0);
}
