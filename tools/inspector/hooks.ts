// What the panels share: the store's status, things that are asked for again and again, and work that can be withdrawn.

import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from "preact/hooks";
import type { StoreStatus } from "tablog";
import { failureOf, isAborted, type Failure } from "./errors.js";
import type { AnyStore } from "./sources.js";

export function useRerender(): () => void {
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  return rerender as () => void;
}

export function useStatus(store: AnyStore): StoreStatus {
  const [status, setStatus] = useState(store.status);
  useEffect(() => {
    const tell = (): void => setStatus(store.status);
    tell();
    store.addEventListener("statuschange", tell);
    return () => store.removeEventListener("statuschange", tell);
  }, [store]);
  return status;
}

/** The latest of a function, for listeners that live longer than a render. */
export function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** Asks again so long after each answer, while the page is visible; at once when it becomes so. */
export function usePolling(ask: () => Promise<void>, everyMs: number): void {
  const latest = useLatest(ask);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    let asking = false;
    const go = async (): Promise<void> => {
      clearTimeout(timer);
      if (over || asking || document.visibilityState === "hidden") return;
      asking = true;
      await latest.current().catch(() => undefined);
      asking = false;
      if (!over) timer = setTimeout(() => void go(), everyMs);
    };
    const visible = (): void => void go();
    void go();
    document.addEventListener("visibilitychange", visible);
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visible);
    };
  }, [everyMs]);
}

/** Keys that are pressed anywhere in the inspector, not only in the element. */
export function useKeys(
  element: { readonly current: HTMLElement | null },
  pressed: (event: KeyboardEvent) => void,
): void {
  const latest = useLatest(pressed);
  useEffect(() => {
    const root = element.current!.getRootNode();
    const listen = (event: Event): void => latest.current(event as KeyboardEvent);
    root.addEventListener("keydown", listen);
    return () => root.removeEventListener("keydown", listen);
  }, []);
}

export type Task<T> =
  | { readonly state: "idle" }
  | { readonly state: "running"; readonly words: string; readonly share: number | undefined }
  | { readonly state: "done"; readonly value: T }
  | { readonly state: "failed"; readonly failure: Failure };

export interface Tell {
  readonly signal: AbortSignal;
  /** What it is at, and how far: 0 to 1. */
  readonly progress: (words: string, share?: number) => void;
}

export interface Tasks<T> {
  readonly task: Task<T>;
  readonly run: (work: (tell: Tell) => Promise<T>) => void;
  readonly cancel: () => void;
}

/** One piece of work at a time; another one, or the end of the panel, withdraws it. */
export function useTask<T>(): Tasks<T> {
  const [task, setTask] = useState<Task<T>>({ state: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  const cancel = useCallback(() => {
    running.current?.abort();
    running.current = undefined;
    setTask({ state: "idle" });
  }, []);
  useEffect(() => () => running.current?.abort(), []);
  const run = useCallback((work: (tell: Tell) => Promise<T>) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    const set = (next: Task<T>): void => {
      if (running.current === controller) setTask(next);
    };
    set({ state: "running", words: "", share: undefined });
    const progress: Tell["progress"] = (words, share) => set({ state: "running", words, share });
    work({ signal: controller.signal, progress }).then(
      (value) => set({ state: "done", value }),
      (thrown: unknown) =>
        set(
          isAborted(thrown) ? { state: "idle" } : { state: "failed", failure: failureOf(thrown) },
        ),
    );
  }, []);
  return { task, run, cancel };
}
