// A plot over time, in the theme's colours.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { kPlottedSeconds, type Sample } from "./stats.js";

const kHeight = 120;
const kSecondsMin = 30;

export interface Line {
  readonly name: string;
  readonly of: (sample: Sample) => number | null;
  /** A custom property of style.css. */
  readonly colour: string;
}

export interface PlotProps {
  readonly title: string;
  readonly hint: string;
  readonly unit: (value: number) => string;
  readonly lines: readonly Line[];
  readonly samples: readonly Sample[];
}

export function Plot({ title, hint, unit, lines, samples }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = box.current!;
    let colours = coloursOf(element, lines);
    const options = optionsOf(element, lines, unit, (name) => colours.get(name) ?? "");
    const made = new uPlot(options, dataOf(lines, samples), element);
    plot.current = made;
    const resized = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) made.setSize({ width, height: kHeight });
    });
    resized.observe(element);
    const themes = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => {
      colours = coloursOf(element, lines);
      made.redraw(false, true);
    };
    themes.addEventListener("change", redraw);
    const host = (element.getRootNode() as ShadowRoot).host;
    const attributes = new MutationObserver(redraw);
    attributes.observe(host, { attributes: true, attributeFilter: ["theme"] });
    return () => {
      resized.disconnect();
      attributes.disconnect();
      themes.removeEventListener("change", redraw);
      made.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(lines, samples)), [samples]);

  const latest = samples.at(-1);
  const now = lines.map((line) => {
    const value = latest === undefined ? null : line.of(latest);
    return { ...line, text: value === null ? "–" : unit(value) };
  });
  const spoken = now.map(({ name, text }) => `${name} ${text}`).join(", ");
  return (
    <figure class="plot">
      <figcaption title={hint}>
        <span class="title">{title}</span>
        {now.map(({ name, text, colour }) => (
          <span class="series" key={name}>
            <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />
            {name} <b>{text}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={box}
        class="canvas"
        role="img"
        aria-label={`${title}, the last minutes; now ${spoken}`}
      />
    </figure>
  );
}

function dataOf(lines: readonly Line[], samples: readonly Sample[]): uPlot.AlignedData {
  return [samples.map(({ at }) => at), ...lines.map(({ of }) => samples.map(of))];
}

/** A canvas knows no custom properties: what the theme makes of them. */
function coloursOf(element: HTMLElement, lines: readonly Line[]): ReadonlyMap<string, string> {
  const probe = element.appendChild(document.createElement("span"));
  const names = ["--quiet", "--line", ...lines.map(({ colour }) => colour)];
  const colours = new Map<string, string>();
  for (const name of names) {
    probe.style.color = `var(${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  probe.remove();
  return colours;
}

/** The axis grows with what there is to show. */
function secondsOf(span: number): number {
  return Math.min(Math.max(span, kSecondsMin), kPlottedSeconds);
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  unit: PlotProps["unit"],
  colourOf: (name: string) => string,
): uPlot.Options {
  const colour = (name: string) => (): string => colourOf(name);
  const axis = {
    stroke: colour("--quiet"),
    font: "10px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(element.clientWidth, 100),
    height: kHeight,
    cursor: { show: false },
    legend: { show: false },
    padding: [6, 26, 0, 0],
    scales: {
      x: { range: (_, min, max) => [max - secondsOf(max - min), max] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.15, 1)] },
    },
    axes: [
      { ...axis, size: 20, space: 70, values: "{HH}:{mm}:{ss}" },
      { ...axis, size: 52, space: 28, values: (_, values) => values.map(unit) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: property }) => ({
        label: name,
        stroke: colour(property),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}
