/**
 * @module What is asked of V8's WebAssembly.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const MODULE = resolve(import.meta.dirname, "../../host/sandbox/web-assembly.ts");

/** A module with two functions: `good` gives nothing, `bad` drops a value that is not there. */
const BYTES = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 4, 1, 0x60, 0, 0],
  [3, 3, 2, 0, 0],
  [7, 14, 2, 4, ...Buffer.from("good"), 0, 0, 3, ...Buffer.from("bad"), 0, 1],
  [10, 8, 2, 2, 0, 0x0b, 3, 0, 0x1a, 0x0b],
].flat();

/** Runs in a process of its own: flags of V8 stay. */
function inProcess(body: string): string {
  const source = `import { compileModule, instantiateModule, validateLate } from ${JSON.stringify(MODULE)};
const bytes = new Uint8Array(${JSON.stringify(BYTES)});
const said = (act) => { try { act(); return "done"; } catch (error) { return error.constructor.name; } };
${body}`;
  return execFileSync(process.execPath, ["--input-type=module-typescript", "--eval", source], { encoding: "utf8" });
}

test("a module that is not valid is refused as a whole, unless V8 was told to check late", () => {
  expect(inProcess("console.log(said(() => compileModule(bytes)))")).toBe("CompileError\n");
});

test("checked late, a function that is not valid never runs", () => {
  const body = `validateLate();
const { good, bad } = instantiateModule(compileModule(bytes), {}).exports;
console.log(said(good), said(bad), said(bad));`;
  expect(inProcess(body)).toBe("done CompileError CompileError\n");
});
