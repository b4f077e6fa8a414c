/**
 * @module Executables of a test: shell scripts that do what the test says.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of executables that is there until it is disposed. */
export interface ScriptFolder extends Disposable {
  readonly path: string;
  /** Writes an executable and gives its path. */
  readonly script: (type: string, body: string) => string;
}

/** Makes a folder for executables. */
export function createScripts(): ScriptFolder {
  const path = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  mkdirSync(join(path, "bin"));
  return {
    path,
    script: (type, body) => {
      const file = join(path, "bin", type);
      writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
