// The inspector: which store or file is open, and the way to another.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Progress } from "tablog";
import { failureOf, isAborted, type Failure } from "./errors.js";
import { visible } from "./format.js";
import { useLatest } from "./hooks.js";
import { FailureNote } from "./parts.js";
import {
  openFile,
  openSource,
  storeNames,
  sweepFiles,
  type Opening,
  type Source,
  type Urls,
} from "./sources.js";
import { StoreView } from "./store_view.js";

export interface AppProps {
  /** The store that the element's attribute names. */
  readonly store: string | null;
  readonly urls: Urls;
  /** Told of what is open: a store's name, or null. */
  readonly onStore: (name: string | null) => void;
}

type Open = (opening: Opening) => Promise<Source>;

type View =
  | { readonly state: "none"; readonly failure?: Failure }
  | {
      readonly state: "opening";
      readonly kind: Source["kind"];
      readonly title: string;
      readonly progress?: Progress;
    }
  | { readonly state: "open"; readonly source: Source };

export function App({ store, urls, onStore }: AppProps) {
  const { view, open, close } = useSource(() => onStore(null));
  const main = useRef<HTMLElement>(null);
  const focusOn = useFocusOf(view.state, main);
  const [dragging, setDragging] = useState(false);
  const openStore = (name: string): void => {
    open("store", name, (opening) => openSource(name, urls, opening));
    onStore(name);
  };
  const openDropped = (file: File | null | undefined): void => {
    if (file === null || file === undefined) return;
    open("file", file.name, (opening) => openFile(file, urls, opening));
    onStore(null);
  };
  useEffect(() => {
    if (store === null || store === "") {
      close();
      onStore(null);
    } else if (storeOf(view) !== store) openStore(store);
  }, [store]);
  useEffect(() => void sweepFiles().catch(() => undefined), []);

  const dragged = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files") !== true) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    setDragging(true);
  };
  const left = (event: DragEvent): void => {
    const to = event.relatedTarget;
    if (!(to instanceof Node) || !(event.currentTarget as Node).contains(to)) setDragging(false);
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    setDragging(false);
    openDropped(event.dataTransfer?.files[0]);
  };
  const shut = (): void => {
    focusOn();
    close();
    onStore(null);
  };
  const choose = (name: string): void => {
    focusOn();
    openStore(name);
  };

  return (
    <div
      class={dragging ? "inspector dragging" : "inspector"}
      onDragEnter={dragged}
      onDragOver={dragged}
      onDragLeave={left}
      onDrop={dropped}
    >
      <header class="top">
        <h1>
          tablog <span class="quiet">inspector</span>
        </h1>
        <Title view={view} />
        <div class="aside">
          <FileButton onFile={openDropped} />
          {view.state === "none" ? null : (
            <button type="button" onClick={shut}>
              Close
            </button>
          )}
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {view.state === "none" ? <Stores failure={view.failure} onOpen={choose} /> : null}
        {view.state === "opening" ? (
          <OpeningNote title={view.title} progress={view.progress} />
        ) : null}
        {view.state === "open" ? (
          <StoreView source={view.source} key={view.source.store.name} />
        ) : null}
      </main>
      <div class="drop-hint" aria-hidden="true">
        Drop an exported log to open it
      </div>
    </div>
  );
}

function titleOf(view: View): string | undefined {
  return view.state === "open"
    ? view.source.title
    : view.state === "opening"
      ? view.title
      : undefined;
}

/** The store's name; a file may be called the same. */
function storeOf(view: View): string | undefined {
  const kind =
    view.state === "open" ? view.source.kind : view.state === "opening" ? view.kind : undefined;
  return kind === "store" ? titleOf(view) : undefined;
}

/** Where the keyboard goes as the button that was pressed goes: told before, it is in what comes instead. */
function useFocusOf(
  state: View["state"],
  main: { readonly current: HTMLElement | null },
): () => void {
  const wanted = useRef(false);
  useEffect(() => {
    const element = main.current;
    if (!wanted.current || element === null) return;
    const now = (element.getRootNode() as ShadowRoot).activeElement;
    wanted.current = (now === null || now === element) && state === "opening";
    if (now !== null && now !== element) return; // the user has gone elsewhere
    (
      element.querySelector<HTMLElement>("[role=tab][aria-selected=true], button") ?? element
    ).focus();
  }, [state]);
  return () => void (wanted.current = true);
}

/** One at a time; what was open, or being opened, is let go of. */
function useSource(onGone: () => void) {
  const gone = useLatest(onGone);
  const [view, setView] = useState<View>({ state: "none" });
  const current = useRef<{ controller: AbortController; source?: Source } | undefined>(undefined);
  const letGo = useCallback(() => {
    current.current?.controller.abort();
    void current.current?.source?.close().catch(() => undefined);
    current.current = undefined;
  }, []);
  const open = useCallback((kind: Source["kind"], title: string, how: Open) => {
    letGo();
    const mine: { controller: AbortController; source?: Source } = {
      controller: new AbortController(),
    };
    current.current = mine;
    const isCurrent = (): boolean => current.current === mine;
    setView({ state: "opening", kind, title });
    const onProgress = (progress: Progress): void => {
      if (isCurrent()) setView({ state: "opening", kind, title, progress });
    };
    how({ signal: mine.controller.signal, onProgress }).then(
      (source) => {
        mine.source = source;
        if (isCurrent()) setView({ state: "open", source });
        else void source.close().catch(() => undefined);
      },
      (thrown: unknown) => {
        if (!isCurrent()) return;
        current.current = undefined;
        setView(
          isAborted(thrown) ? { state: "none" } : { state: "none", failure: failureOf(thrown) },
        );
        gone.current();
      },
    );
  }, []);
  const close = useCallback(() => {
    letGo();
    setView({ state: "none" });
  }, []);
  useEffect(() => letGo, []);
  return { view, open, close };
}

function Title({ view }: { view: View }) {
  if (view.state === "none") return <p class="title" />;
  const file = view.state === "open" && view.source.kind === "file";
  return (
    <p class="title">
      <span class="name">{visible(titleOf(view) ?? "")}</span>
      {file ? <span class="badge">exported log, read only</span> : null}
    </p>
  );
}

function FileButton({ onFile }: { onFile: (file: File | undefined) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        Open a file…
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="An exported log"
        onChange={(event) => {
          onFile(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

function OpeningNote({ title, progress }: { title: string; progress: Progress | undefined }) {
  const share =
    progress === undefined || progress.total === 0 ? {} : { value: progress.done / progress.total };
  return (
    <div class="stores">
      <p class="note working" role="status">
        <progress aria-label={`Opening ${title}`} {...share} />
        <span>Opening {visible(title)}…</span>
      </p>
    </div>
  );
}

function Stores({
  failure,
  onOpen,
}: {
  failure: Failure | undefined;
  onOpen: (name: string) => void;
}) {
  const [names, setNames] = useState<readonly string[] | undefined>(undefined);
  const [unlisted, setUnlisted] = useState<Failure | undefined>(undefined);
  const list = (): void =>
    void storeNames().then(setNames, (thrown: unknown) => setUnlisted(failureOf(thrown)));
  useEffect(list, []);
  return (
    <div class="stores">
      {failure === undefined ? null : <FailureNote failure={failure} />}
      {unlisted === undefined ? null : <FailureNote failure={unlisted} />}
      <section class="card" aria-label="Stores of this origin">
        <header>
          <h2>Stores of this origin</h2>
          <div class="aside">
            <button type="button" onClick={list}>
              Look again
            </button>
          </div>
        </header>
        {names?.length === 0 ? <p class="note">None. Open one in its app first.</p> : null}
        <ul class="names">
          {names?.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => onOpen(name)}>
                {visible(name)}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <p class="drop-zone">
        Or drop an exported log here: it is looked at in this browser alone, and nothing of it
        stays.
      </p>
    </div>
  );
}
