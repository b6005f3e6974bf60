// Which state is asked: the head's, or that of an index, on a slider through time.

import { useEffect, useId, useState } from "preact/hooks";
import { count } from "./format.js";

export interface PastChoiceProps {
  readonly first: number;
  readonly head: number;
  /** None: the head. */
  readonly index: number | undefined;
  readonly onChange: (index: number | undefined) => void;
}

export function PastChoice({ first, head, index, onChange }: PastChoiceProps) {
  const sliderId = useId();
  const numberId = useId();
  const [shown, setShown] = useState(index ?? head); // while it is dragged
  useEffect(() => setShown(index ?? head), [index, head]);
  // A compacted log begins with the state before its first entry.
  const least = Math.max(0, first - 1);
  const choose = (value: number): void => {
    if (!Number.isFinite(value)) return setShown(index ?? head);
    const within = Math.min(Math.max(Math.round(value), least), head);
    setShown(within);
    onChange(within === head ? undefined : within);
  };
  return (
    <div class="past-choice">
      <label for={sliderId}>As of entry</label>
      <input
        id={sliderId}
        type="range"
        min={least}
        max={head}
        value={shown}
        aria-valuetext={shown === head ? `${head}, the head` : `${shown} of ${head}`}
        onInput={(event) => setShown(event.currentTarget.valueAsNumber)}
        onChange={(event) => choose(event.currentTarget.valueAsNumber)}
      />
      <label for={numberId} class="hidden">
        Index
      </label>
      <input
        id={numberId}
        type="number"
        min={least}
        max={head}
        value={shown}
        onChange={(event) => choose(event.currentTarget.valueAsNumber)}
      />
      <span class="quiet">of {count(head)}</span>
      <button type="button" aria-pressed={index === undefined} onClick={() => choose(head)}>
        Head
      </button>
    </div>
  );
}
