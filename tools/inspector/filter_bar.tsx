// What is looked for in the log, how far the search is, and whether the list follows the head.

import type { RefObject } from "preact";
import { useId } from "preact/hooks";
import { DraftInput } from "./draft_input.js";
import { count } from "./format.js";
import { kNoFilter, type Filter, type Search } from "./log_filter.js";

interface FilterBarProps {
  readonly filter: Filter;
  readonly types: ReadonlySet<string>;
  readonly textInput: RefObject<HTMLInputElement | null>;
  readonly onChange: (filter: Filter) => void;
  readonly search: Search | undefined;
  readonly found: number;
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
}

const kKinds = ["app", "event", "exec", "term", "schema", "checkpoint", "close", "void"] as const;

export function FilterBar(props: FilterBarProps) {
  const { filter, types, textInput, onChange, follow, onFollow } = props;
  const listId = useId();
  const set = (part: Partial<Filter>): void => onChange({ ...filter, ...part });
  const index = (text: string): number | undefined => {
    const value = Number(text);
    return text.trim() !== "" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  return (
    <form
      class="filter"
      role="search"
      aria-label="Filter the log"
      onSubmit={(event) => event.preventDefault()}
    >
      <label class="wide">
        <span>Contains</span>
        <input
          ref={textInput}
          type="search"
          value={filter.text}
          placeholder="text  ( / )"
          title="In an event's type and arguments, in an exec's SQL"
          onInput={(event) => set({ text: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>Kind</span>
        <select
          value={filter.kind}
          onChange={(event) => set({ kind: event.currentTarget.value as Filter["kind"] })}
        >
          <option value="">any</option>
          {kKinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind === "app" ? "event or exec" : kind}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Type</span>
        <input
          value={filter.type}
          list={listId}
          placeholder="todo.*"
          onInput={(event) => set({ type: event.currentTarget.value.trim() })}
        />
        <datalist id={listId}>
          {[...types].sort().map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
      </label>
      <label class="narrow">
        <span>Tab</span>
        <input
          value={filter.client}
          placeholder="id"
          onInput={(event) => set({ client: event.currentTarget.value.trim() })}
        />
      </label>
      <label class="narrow">
        <span>From</span>
        <DraftInput
          inputMode="numeric"
          value={filter.from}
          placeholder="index"
          onCommit={(text) => set({ from: index(text) })}
        />
      </label>
      <label class="narrow">
        <span>To</span>
        <DraftInput
          inputMode="numeric"
          value={filter.to}
          placeholder="index"
          onCommit={(text) => set({ to: index(text) })}
        />
      </label>
      <button type="button" disabled={filter === kNoFilter} onClick={() => onChange(kNoFilter)}>
        Clear
      </button>
      <button type="button" aria-pressed={follow} onClick={() => onFollow(!follow)}>
        Follow
      </button>
      <Found {...props} />
    </form>
  );
}

function Found({ search, found }: FilterBarProps) {
  if (search === undefined)
    return (
      <div class="searching">
        <output class="found">{count(found)} entries</output>
      </div>
    );
  const running = search.state === "running";
  const words = {
    running: `so far, at ${count(search.next)} of ${count(search.end)}`,
    done: `up to ${count(search.next - 1)}`,
    stopped: `up to ${count(search.next)}`,
    full: `up to ${count(search.next - 1)}, no more are listed: narrow the filter`,
    failed: `up to ${count(search.next - 1)}`,
  }[search.state];
  return (
    <div class="searching">
      <output class="found">
        {count(found)} found {words}
      </output>
      {running ? (
        <button type="button" onClick={() => search.stop()}>
          Stop
        </button>
      ) : null}
      {search.state === "stopped" ? (
        <button type="button" onClick={() => void search.goOn("also if stopped")}>
          Go on
        </button>
      ) : null}
    </div>
  );
}
