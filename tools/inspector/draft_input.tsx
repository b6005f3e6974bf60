// A field whose text is the user's until it is committed: a render meanwhile must not put the old value back.

import type { TargetedEvent } from "preact";
import { useState } from "preact/hooks";

type InputOf = TargetedEvent<HTMLInputElement>;

interface DraftInputProps {
  readonly id?: string;
  readonly type?: "number";
  readonly inputMode?: "numeric";
  readonly placeholder?: string;
  readonly min?: number;
  readonly max?: number;
  readonly value: number | undefined;
  /** Enter, or the way to another field; the text as it stands. */
  readonly onCommit: (text: string) => void;
}

export function DraftInput({ value, onCommit, type, ...rest }: DraftInputProps) {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const field = {
    ...rest,
    value: draft ?? value ?? "",
    onInput: (event: InputOf) => setDraft(event.currentTarget.value),
    onChange: (event: InputOf) => {
      setDraft(undefined);
      onCommit(event.currentTarget.value);
    },
    onBlur: () => setDraft(undefined),
  };
  return type === "number" ? <input {...field} type="number" /> : <input {...field} type="text" />;
}
