// Small pieces that more than one panel has.

import type { ComponentChildren } from "preact";
import type { ColumnValue } from "tablog";
import type { Failure } from "./errors.js";
import { kindOf, shortId, valueText, visible } from "./format.js";
import type { Task } from "./hooks.js";

interface ValueProps {
  readonly value: ColumnValue;
  readonly textMax?: number;
  /** Numbers are reals, integers are bigints: 1.0 is not 1. */
  readonly exact?: boolean;
}

export function Value({ value, textMax, exact = false }: ValueProps) {
  const text =
    exact && typeof value === "number" ? realText(value) : visible(valueText(value, textMax));
  return <span class={`value ${kindOf(value)}`}>{text}</span>;
}

function realText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A tab's id: the same tab has the same colour wherever it stands. */
export function TabId({ id }: { id: string }) {
  const hue = Math.round((parseInt(id.slice(0, 4), 16) / 0x10000) * 360) || 0;
  return (
    <span class="tab-id" title={id}>
      <span class="dot" style={{ "--hue": String(hue) }} aria-hidden="true" />
      {shortId(id)}
    </span>
  );
}

export function FailureNote({ failure }: { failure: Failure }) {
  return (
    <p class="note failed" role="alert">
      <strong>{failure.code}</strong>
      {failure.index === undefined ? "" : ` at entry ${failure.index}`}: {visible(failure.message)}
    </p>
  );
}

export function TaskNote({
  task,
  cancel,
  idle,
}: {
  task: Task<unknown>;
  cancel: () => void;
  idle?: string;
}) {
  if (task.state === "failed") return <FailureNote failure={task.failure} />;
  if (task.state === "idle") return idle === undefined ? null : <p class="note">{idle}</p>;
  if (task.state === "done") return null;
  const words = task.words === "" ? "working" : task.words;
  return (
    <p class="note working" role="status">
      <progress aria-label={words} {...(task.share === undefined ? {} : { value: task.share })} />
      <span>{words}…</span>
      <button
        type="button"
        onClick={({ currentTarget }) => {
          // This one goes: the keyboard is not to be left nowhere.
          const home = currentTarget.closest("section, .asking");
          cancel();
          requestAnimationFrame(() => home?.querySelector("button")?.focus());
        }}
      >
        Cancel
      </button>
    </p>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside === undefined ? null : <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** Names and values, side by side. */
export function Facts({
  of,
}: {
  of: readonly (readonly [name: string, value: ComponentChildren, title?: string])[];
}) {
  return (
    <dl class="facts">
      {of.map(([name, value, title]) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
