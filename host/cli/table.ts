/**
 * @module Tables for people. Colours are the caller's choice: pure text otherwise.
 */
import { styleText } from "node:util";

/** How to print. */
export interface PrintStyle {
  /** Whether the output is a terminal that shows colours. */
  readonly isColoured: boolean;
}

/** Gives lines of a table: a head, then one line per row, columns as wide as their widest cell. No rows: one line that says so. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: PrintStyle,
): string[] {
  if (rows.length === 0) return [dim("(none)", style)];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => clean(row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => clean(cell).padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [dim(line(head), style), ...rows.map(line)];
}

/** Emphasises. */
export function bold(text: string, style: PrintStyle): string {
  return style.isColoured ? styleText("bold", text, { validateStream: false }) : text;
}

/** Takes emphasis away. */
export function dim(text: string, style: PrintStyle): string {
  return style.isColoured ? styleText("dim", text, { validateStream: false }) : text;
}

/** Removes control characters: what is printed may come from a guest. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a terminal must not obey a guest
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/gu, " ");
}
