import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const SCRIPT = path.join(import.meta.dirname, "..", "..", "guests", "generate-types.ts");

test("the generated types are what wit/ says", { timeout: 60_000 }, async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [SCRIPT, "--check"]);
  expect(stderr).toBe("");
});
