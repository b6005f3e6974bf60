// History: what the tabs of a test did, in one order for all of them. A tab tells of a step before it goes on:
// an append or a read begins after the test has heard that it will, and has ended when the test hears so.
// What ends before another begins in this order did so in fact, whatever the tabs' clocks say.

export type Consistency = "session" | "linearizable";
/** What a read saw of one writer's items: with the log at hand, enough to tell which they were. */
export interface Seen {
  readonly tab: string;
  readonly count: number;
  /** Of their numbers. */
  readonly sum: number;
  /** The index of the last. */
  readonly at: number;
}

export type Step =
  | { readonly kind: "issued"; readonly id: string }
  | { readonly kind: "acknowledged"; readonly id: string; readonly index: number }
  | {
      readonly kind: "refused";
      readonly id: string;
      readonly code: string;
      readonly outcome: string;
      readonly message: string;
    }
  | { readonly kind: "asked"; readonly read: number; readonly consistency: Consistency }
  | { readonly kind: "answered"; readonly read: number; readonly seen: readonly Seen[] }
  | {
      readonly kind: "failed";
      readonly read: number;
      readonly code: string;
      readonly message: string;
    }
  /** The tab was told that the entries it had seen are gone. */
  | { readonly kind: "rolledBack" };

export type Told = Step & { readonly tab: string };

/** So long a tab's message waits: what the tabs do is paced by who listens, on any machine. */
const kPaceMs = 4;
const kPatienceMs = 60_000;

/** How far a writer has come. */
export interface Progress {
  readonly acknowledged: number;
  readonly refused: number;
  readonly failed: number;
  readonly linearizable: number;
}

export class History {
  readonly steps: Told[] = [];
  readonly #heard = new Map<string, number>();
  readonly #asked = new Map<string, Consistency>();
  readonly #progress = new Map<string, Progress>();
  readonly #waiting = new Set<() => void>();

  /** Steps of a tab, the first of them its number `first`; what was told before is skipped. */
  async hear(tab: string, first: number, steps: readonly Step[]): Promise<void> {
    const heard = this.#heard.get(tab) ?? 0;
    const fresh = steps.slice(Math.max(0, heard - first));
    this.#heard.set(tab, heard + fresh.length);
    for (const step of fresh) {
      this.steps.push({ tab, ...step });
      this.#count(tab, step);
    }
    for (const look of [...this.#waiting]) look();
    await new Promise((resolve) => setTimeout(resolve, kPaceMs));
  }

  progressOf(tab: string): Progress {
    return this.#progress.get(tab) ?? { acknowledged: 0, refused: 0, failed: 0, linearizable: 0 };
  }

  /** Until `reached`, which is looked at whenever a tab has told something. */
  async until(reached: () => boolean, what: string, patienceMs = kPatienceMs): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(look);
        clearTimeout(timer);
      };
      const look = (): void => {
        if (!reached()) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited ${patienceMs / 1000} s for ${what}; last: ${this.#last()}`));
      }, patienceMs);
      this.#waiting.add(look);
      look();
    });
  }

  #count(tab: string, step: Step): void {
    const before = this.progressOf(tab);
    if (step.kind === "asked") this.#asked.set(`${tab} ${step.read}`, step.consistency);
    const linearizable =
      step.kind === "answered" && this.#asked.get(`${tab} ${step.read}`) === "linearizable";
    this.#progress.set(tab, {
      acknowledged: before.acknowledged + Number(step.kind === "acknowledged"),
      refused: before.refused + Number(step.kind === "refused"),
      failed: before.failed + Number(step.kind === "failed"),
      linearizable: before.linearizable + Number(linearizable),
    });
  }

  #last(): string {
    return this.steps
      .slice(-5)
      .map((step) => JSON.stringify(step))
      .join(" ");
  }
}
