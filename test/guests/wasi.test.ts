import { expect, test } from "vitest";

import { buildWasiFixture, missingTools } from "./fixtures/wasi/build.ts";
import { loadComponent } from "./instantiate.ts";

const missing = missingTools();

test.skipIf(missing !== undefined)(
  `the plugin in C imports wasi:*, as its standard library does${missing === undefined ? "" : ` (skipped: ${missing})`}`,
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
