/**
 * @module How the demo speaks: numbered steps, indented facts, timelines.
 */
import { styleText } from "node:util";
import type { AuditRow } from "../index.ts";
import { isJsonArray, isJsonObject } from "../spec/json.ts";
import type { JsonObject, JsonValue } from "../spec/json.ts";

const WIDTH = 100;
const MICROSECONDS_PER_MILLISECOND = 1000;

/** Prints to the terminal. */
export interface Printer {
  /** Begins a step. */
  readonly step: (title: string) => void;
  /** Says something about it. */
  readonly say: (text: string) => void;
  /** Shows what a command or a file says. */
  readonly show: (text: string) => void;
  /** Says that something is as it should be. */
  readonly good: (text: string) => void;
}

/** Makes a printer. `steps`: how many there will be. */
export function createPrinter(write: (line: string) => void, steps: number, isColoured: boolean): Printer {
  let step = 0;
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  return {
    step: (title) => {
      step += 1;
      const head = `── ${step}/${steps} ${title} `;
      write("");
      write(paint("bold", head.padEnd(WIDTH, "─")));
    },
    say: (text) => write(`  ${text}`),
    show: (text) => {
      for (const line of text.trimEnd().split("\n")) write(paint("dim", `    ${line}`));
    },
    good: (text) => write(`  ${paint("green", "✔")} ${text}`),
  };
}

/** What the host's phases are called, in the order in which they come. Nested in each other: their sum means nothing. */
const PHASES: Readonly<Record<string, string>> = {
  parse: "parse the configuration",
  begin: "begin: locks, the container's namespace",
  sandbox: "sandbox: wait for it, or start it",
  instantiate: "a fresh instance",
  guest: "guest, its operations included",
};

/** Gives the timeline of one operation, a line each: what the host measured, then call by call, each kernel operation below its call. */
export function formatTimeline(rows: readonly AuditRow[]): string[] {
  const lines = (event: string): string[][] =>
    rows
      .filter((row) => row.event === event)
      .map((row) => {
        const data = parseData(row.data);
        const who = typeof data["type"] === "string" ? `${data["type"]}: ` : "";
        const phases = objectOf(data["phasesMicroseconds"]);
        const known = Object.entries(PHASES).filter(([name]) => phases[name] !== undefined);
        const operations = isJsonArray(data["operations"]) ? data["operations"] : [];
        return [
          ...known.map(([name, title]) => line(`${who}${title}`, phases[name], "")),
          ...operations.map(formatOperation),
        ];
      });
  // A call is on record when it ends: the IPAM plugin's before the call that asked for it.
  return [...lines("end"), ...lines("call").toReversed()].flat();
}

function formatOperation(value: JsonValue): string {
  const operation = objectOf(value);
  const kernel = Number(operation["kernelMicroseconds"] ?? 0);
  const outcome = operation["outcome"] === "ok" ? "" : `  ${String(operation["outcome"])}`;
  return line(
    `  → ${String(operation["operation"])}`,
    operation["microseconds"],
    `of it kernel ${milliseconds(kernel)}${outcome}`,
  );
}

function line(what: string, microseconds: JsonValue | undefined, note: string): string {
  return `${what.padEnd(52)} ${milliseconds(Number(microseconds ?? 0)).padStart(10)}  ${note}`.trimEnd();
}

function milliseconds(microseconds: number): string {
  return `${(microseconds / MICROSECONDS_PER_MILLISECOND).toFixed(2)} ms`;
}

function parseData(text: string): JsonObject {
  return objectOf(JSON.parse(text) as JsonValue);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
