// Stage: what a fault is injected into, and what the faults have in common.
import type { Page } from "@playwright/test";
import { expect } from "./fixtures.js";
import type { Expectation } from "./history_checker.js";
import type { OpenOptions, Tab } from "./tab.js";

export interface Stage {
  /** They append and query; the first of them leads. */
  readonly tabs: readonly [Tab, Tab, Tab];
  readonly name: string;
  readonly url: string;
  readonly newTab: () => Promise<Tab>;
  readonly adopt: (page: Page) => Promise<Tab>;
}

export interface Fault {
  /** As in "the store goes on when …". */
  readonly what: string;
  /** Gives the tabs that append and query after the fault, all that were in a writer's way. */
  readonly inject: (stage: Stage) => Promise<readonly Tab[]>;
  /** Who leads afterwards. */
  readonly leader: "the same" | "another term's" | "anyone";
  /** In `./dev test`, in a profile; 2 unless it says otherwise, 1 of a slow one. All have some with `--full`. */
  readonly runs?: number;
  /** It takes ten seconds or more. */
  readonly slow?: true;
  /** Only a hidden tab can be hit by it. */
  readonly hiding?: true;
  /** The browser is of no use for other tests afterwards. */
  readonly spoils?: true;
  readonly expectation?: Omit<Expectation, "stopped">;
}

/** Appends of a writer that are open at once. */
export const kInFlight = 4;
/** So many more acknowledged appends show that a tab goes on. */
export const kSome = 15;

/** Each of them appends and reads, from now on. */
export async function goOn(tabs: readonly Tab[], patienceMs?: number): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.progress(kSome, patienceMs)));
}

/** They go on again and again until `fault` is over: none waits for it. */
export async function goOnDuring(
  fault: Promise<unknown>,
  tabs: readonly Tab[],
  patienceMs: number,
): Promise<void> {
  let over = false;
  const ended = fault.finally(() => (over = true));
  do await goOn(tabs, patienceMs);
  while (!over);
  await ended;
}

/** A page without a store opens it and writes. */
export async function join(
  tab: Tab,
  options: OpenOptions & { name: string },
  label: string,
  inFlight = kInFlight,
): Promise<Tab> {
  await tab.openStore(options);
  await tab.startWriting(label, inFlight);
  return tab;
}

/** Three tabs that append and query; the first leads. */
export async function threeWriters(
  newTab: () => Promise<Tab>,
  name: string,
): Promise<readonly [Tab, Tab, Tab]> {
  const a = await join(await newTab(), { name }, "a");
  const b = await join(await newTab(), { name }, "b");
  const c = await join(await newTab(), { name }, "c");
  expect(await a.leads()).toBe(true);
  await goOn([a, b, c]);
  return [a, b, c];
}
