// A grid of any number of rows of one height, of which only those in view are in the document.

import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useRerender } from "./hooks.js";

export const kRowHeight = 24; // as style.css has it
const kOverscan = 12;

export interface Column {
  readonly name: string;
  readonly class: string;
}

export interface VirtualListProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly count: number;
  /** The cells of row i, one for each column. */
  readonly cells: (row: number) => readonly ComponentChildren[];
  /** What tells rows apart when there are more before them. */
  readonly keyOf: (row: number) => number;
  readonly active: number | undefined; // a row
  readonly onActive: (row: number) => void;
  readonly onOpen?: (row: number) => void;
  /** Whether the last row is kept in view when more come. Told when the user scrolls away from it, or to it. */
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
  readonly onView: (first: number, last: number) => void;
  readonly empty: ComponentChildren;
}

export function VirtualList(props: VirtualListProps) {
  const {
    label,
    columns,
    count,
    cells,
    keyOf,
    active,
    onActive,
    onOpen,
    follow,
    onFollow,
    onView,
  } = props;
  const grid = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer(grid, count, keyOf);
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];

  useEffect(() => {
    if (last >= first) onView(first, last);
  }, [first, last, count]);

  useLayoutEffect(() => {
    const element = grid.current;
    if (follow && element !== null) element.scrollTop = element.scrollHeight;
  }, [follow, count]);

  useLayoutEffect(() => {
    if (active !== undefined && active < count) virtual.scrollToIndex(active, { align: "auto" });
  }, [active]);

  const scrolled = (): void => {
    const element = grid.current;
    if (element === null) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = left < kRowHeight;
    if (atEnd !== follow) onFollow(atEnd);
  };

  const rowsInView = (): number =>
    Math.max(1, Math.floor((grid.current?.clientHeight ?? 0) / kRowHeight) - 2);

  const pressed = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const from = active ?? (follow ? count : first - 1);
    const to = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + rowsInView(),
      PageUp: from - rowsInView(),
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to !== undefined && count > 0) {
      onActive(Math.min(Math.max(to, 0), count - 1));
    } else if (event.key === "Enter" && active !== undefined) {
      onOpen?.(active);
    } else {
      return;
    }
    event.preventDefault();
  };

  const activeId =
    active !== undefined && active >= first && active <= last ? `row-${keyOf(active)}` : undefined;
  return (
    <div
      class="virtual-list"
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={activeId}
      tabIndex={0}
      ref={grid}
      onScroll={scrolled}
      onKeyDown={pressed}
    >
      <div role="rowgroup" class="head">
        <div role="row" aria-rowindex={1} class="row">
          {columns.map((column) => (
            <div role="columnheader" class={column.class} key={column.name}>
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="rows" style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map((item) => (
          <div
            role="row"
            key={item.key}
            id={`row-${item.key}`}
            class={item.index === active ? "row active" : "row"}
            aria-rowindex={item.index + 2}
            aria-selected={item.index === active}
            style={{ transform: `translateY(${item.start - kRowHeight}px)` }}
            onClick={() => onActive(item.index)}
          >
            {cells(item.index).map((cell, column) => (
              <div role="gridcell" class={columns[column]?.class} key={column}>
                {cell}
              </div>
            ))}
          </div>
        ))}
      </div>
      {count === 0 ? <div class="empty">{props.empty}</div> : null}
    </div>
  );
}

function useVirtualizer(
  element: { readonly current: HTMLDivElement | null },
  count: number,
  keyOf: (row: number) => number,
): Virtualizer<HTMLDivElement, HTMLDivElement> {
  const rerender = useRerender();
  const options = {
    count,
    getScrollElement: () => element.current,
    estimateSize: () => kRowHeight,
    getItemKey: keyOf,
    overscan: kOverscan,
    scrollMargin: kRowHeight, // the head's, which stays in view
    scrollPaddingStart: kRowHeight,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: rerender,
  };
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtual.setOptions(options);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => virtual._willUpdate());
  return virtual;
}
