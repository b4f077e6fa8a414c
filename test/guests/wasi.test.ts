import { expect, test } from "vitest";

import { buildWasiFixture, missingTools } from "./fixtures/wasi/build.ts";
import { loadComponent } from "./instantiate.ts";

const missing = missingTools();
if (missing !== undefined && process.env["CI"] === undefined) console.warn(`skipped: ${missing}`);

test.skipIf(missing !== undefined && process.env["CI"] === undefined)(
  "the plugin in C imports wasi:*, as its standard library does",
  { timeout: 120_000 },
  async () => {
    const { imports } = await loadComponent(await buildWasiFixture());
    expect(imports).toContain("wasi:filesystem/types");
    expect(imports).toContain("wasi:cli/environment");
    expect(imports.filter((name) => !/^(?:cnidaria:plugin|wasi:(?:cli|clocks|filesystem|io))\//u.test(name))).toEqual(
      [],
    );
  },
);
