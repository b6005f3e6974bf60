// Lifecycle: a page that is frozen or leaves ends its leader worker, so that another tab leads at once
// (a queued lock is not handed over while its holder sits in the back/forward cache), and starts it
// again when it comes back.

export interface LifecycleEvents {
  readonly leave: () => void;
  readonly comeBack: () => void;
  readonly visible: (visible: boolean) => void;
}

/** Listens until the signal is aborted. Outside of a document there is nothing to hear. */
export function listenToLifecycle(events: LifecycleEvents, signal: AbortSignal): void {
  const { document, window } = globalThis as Partial<
    Pick<typeof globalThis, "document" | "window">
  >;
  if (document === undefined || window === undefined) return;
  document.addEventListener("freeze", events.leave, { signal });
  document.addEventListener("resume", events.comeBack, { signal });
  window.addEventListener("pagehide", events.leave, { signal });
  window.addEventListener("pageshow", events.comeBack, { signal });
  document.addEventListener("visibilitychange", () => events.visible(isVisible()), { signal });
}

export function isVisible(): boolean {
  const { document } = globalThis as Partial<Pick<typeof globalThis, "document">>;
  return document === undefined || document.visibilityState === "visible";
}
