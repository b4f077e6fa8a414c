/**
 * @module Judges what a guest calls by the grant that its manifest asks for, as the helper does.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";

import { decide } from "../../../host/grants/decide.ts";
import type { CallFacts } from "../../../host/grants/facts.ts";
import { type Manifest, parseManifest } from "../../../host/grants/grant.ts";
import { ImportFailure } from "../fakes.ts";
import type { TestImports } from "../instantiate.ts";

/** Interfaces that are not the helper's: the host answers them. */
const NOT_JUDGED = new Set(["ipam", "log", "clock", "random"]);

/** Reads the manifest of one of the project's guests. */
export async function readManifest(type: string): Promise<Manifest> {
  const file = path.join(import.meta.dirname, "..", "..", "..", "guests", type, "grants.json");
  return parseManifest(JSON.parse(await readFile(file, "utf8")));
}

/** Has every call judged before it is answered; one that is refused fails with `not-permitted`. */
export function judged(imports: TestImports, manifest: Manifest, factsNow: () => CallFacts): TestImports {
  const wrapped: Record<string, Record<string, unknown>> = {};
  for (const [name, functions] of Object.entries(imports)) {
    if (NOT_JUDGED.has(name)) wrapped[name] = functions;
    else
      wrapped[name] = judgedFunctions(functions, (operation, args) => {
        const decision = decide(manifest, factsNow(), `${name}.${operation}`, args);
        if (!decision.allowed) throw new ImportFailure("not-permitted");
      });
  }
  return wrapped;
}

type Functions = Readonly<Record<string, unknown>>;

function judgedFunctions(
  functions: Functions,
  judge: (operation: string, args: readonly unknown[]) => void,
): Functions {
  const wrapped: Record<string, unknown> = {};
  for (const [key, operation] of Object.entries(functions)) {
    wrapped[key] = (...args: unknown[]) => {
      judge(
        key.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`),
        args,
      );
      return (operation as (...args: unknown[]) => unknown)(...args);
    };
  }
  return wrapped;
}
