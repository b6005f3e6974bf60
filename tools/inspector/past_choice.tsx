// Which state is asked: the head's, or that of an index, on a slider through time.

import { useId, useState } from "preact/hooks";
import { DraftInput } from "./draft_input.js";
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
  // While it is dragged it stays where the user holds it, on the scale that it had, however the head moves.
  const [drag, setDrag] = useState<{ readonly at: number; readonly top: number } | undefined>();
  const top = drag?.top ?? head;
  const shown = drag?.at ?? Math.min(index ?? head, head);
  // A compacted log begins with the state before its first entry.
  const least = Math.max(0, first - 1);
  const choose = (value: number): void => {
    setDrag(undefined);
    if (!Number.isFinite(value)) return;
    const within = Math.max(Math.round(value), least);
    onChange(within >= top ? undefined : within);
  };
  return (
    <div class="past-choice">
      <label for={sliderId}>As of entry</label>
      <input
        id={sliderId}
        type="range"
        min={least}
        max={top}
        value={shown}
        aria-valuetext={shown === top ? `${top}, the head` : `${shown} of ${top}`}
        onInput={(event) => setDrag({ at: event.currentTarget.valueAsNumber, top })}
        onChange={(event) => choose(event.currentTarget.valueAsNumber)}
        onBlur={() => setDrag(undefined)}
        // Dropped where it was picked up, it tells of no change; where it does, that comes first.
        onPointerUp={() => requestAnimationFrame(() => setDrag(undefined))}
      />
      <label for={numberId} class="hidden">
        Index
      </label>
      <DraftInput
        id={numberId}
        type="number"
        min={least}
        max={head}
        value={shown}
        onCommit={(text) => choose(text === "" ? NaN : Number(text))}
      />
      <span class="quiet">of {count(head)}</span>
      <button type="button" aria-pressed={index === undefined} onClick={() => choose(head)}>
        Head
      </button>
    </div>
  );
}
