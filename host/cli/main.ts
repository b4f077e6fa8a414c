/**
 * @module Entry of the command: the one place of it that reads the process's environment and writes to its terminal.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { isCniError } from "../spec/error.ts";
import type { CommandContext } from "./context.ts";
import { createProgram } from "./program.ts";

/** Folder of this bundle, and of the others. */
const bundleDir = import.meta.dirname;

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  return /^y(es)?$/iu.test(answer.trim());
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(bundleDir, "..", "package.json"), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

// Whoever reads may have read enough, such as `head`: what the command does goes on to its end all the same.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const context: CommandContext = {
  environment: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  style: { isColoured: process.stdout.isTTY === true && !process.env["NO_COLOR"] },
  ask: process.stdin.isTTY === true && process.stderr.isTTY === true ? ask : undefined,
  openHost: async (stateDir, options) => {
    const { createHost } = await import("../host.ts");
    return createHost({ stateDir, bundleDir, origin: "cli", onWarning: (line) => context.note(line), ...options });
  },
  bundleDir,
  nodePath: process.execPath,
  version: readVersion(),
  exitWith: (code) => {
    process.exitCode = code;
  },
};

try {
  await createProgram(context).parseAsync(process.argv);
} catch (error) {
  const lines = isCniError(error)
    ? [error.message, ...(error.details === undefined ? [] : [error.details])]
    : [String(error)];
  for (const [index, line] of lines.entries()) context.note(index === 0 ? `cnidaria: ${line}` : `  ${line}`);
  context.exitWith(1);
}
