/**
 * @module Switches a node over to Cnidaria with the very lines that the README gives.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "./node.ts";

const README = join(import.meta.dirname, "../../README.md");

/** Folder that the README installs the executables into. */
export const BIN_DIR = "/opt/cnidaria/bin";

/** What the README has a block of lines for. */
export type SwitchedPart = "node" | "podman" | "containerd" | "running";

/** Gives the lines between a part's markers, without the fence. */
export function readmeLines(part: SwitchedPart): string[] {
  const found = new RegExp(`<!-- ${part}:begin -->\\s*\`\`\`\\w+\\n(.*?)\`\`\`\\s*<!-- ${part}:end -->`, "su").exec(
    readFileSync(README, "utf8"),
  );
  if (found === null) throw new Error(`README.md has no block between <!-- ${part}:begin --> and <!-- ${part}:end -->`);
  return (found[1] ?? "").trimEnd().split("\n");
}

/** Installs the bundled plugins and their executables, then points the runtime at them. */
export function switchOver(node: Node, runtime?: "podman" | "containerd"): void {
  for (const line of readmeLines("node")) node.must(["sh", "-c", line]);
  if (runtime === undefined) return;
  const [first = "", ...lines] = readmeLines(runtime);
  node.write(first.replace(/^# /u, ""), [...lines, ""].join("\n"));
}
