// Plain tables for programs that print results.

/**
 * Rows under a head, columns as wide as their widest cell. Numbers are set to the right.
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 * @returns {string}
 */
export function table(head, rows) {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "number" ? count(cell) : cell)),
  );
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => (row[i] ?? "").length)),
  );
  const isNumber = head.map(
    (_, i) =>
      cells.length > 0 && cells.every((row) => /^[−-]?[\d.,]+( .*)?$|^$|^–$/.test(row[i] ?? "")),
  );
  const line = (row) =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(head), rule, ...cells.map(line)].join("\n");
}

/**
 * Names and what they are.
 * @param {readonly (readonly [string, string])[]} pairs
 */
export function facts(pairs) {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

/** @param {number} value With a comma between thousands. */
export const count = (value) => value.toLocaleString("en");

/** @param {number} ms A few significant digits: 0.213, 4.18, 36.2, 1,204. */
export function milliseconds(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms >= 1000) return count(Math.round(ms));
  return ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);
}
