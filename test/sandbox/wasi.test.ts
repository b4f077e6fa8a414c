import { expect, test } from "vitest";
import { createPool } from "../../host/sandbox/pool.ts";
import { buildWasiFixture, missingTools } from "../guests/fixtures/wasi/build.ts";
import { bundleEntry } from "./bundles.ts";
import { createFakeHelper, REQUEST } from "./fake-helper.ts";

const why = missingTools();

test.skipIf(why !== undefined)(
  `a guest with a standard library finds a clock and a log, no files and no environment${why === undefined ? "" : `: ${why}`}`,
  async () => {
    using bundle = await bundleEntry("host/sandbox/main.ts");
    await using helper = await createFakeHelper({
      bundlePath: bundle.path,
      component: await buildWasiFixture(),
      capabilities: ["log"],
      wasi: true,
    });
    using pool = createPool({ client: helper });
    const frame = {
      type: "call",
      callId: "c",
      export: "attachment",
      verb: "add",
      request: REQUEST,
      containerHandle: 1,
    } as const;
    const report = await pool.run(helper.plugin, (sandbox) => sandbox.call(frame, async () => ({ ok: null })));
    const { outcome } = report.result;
    if (!("ok" in outcome)) throw new Error(JSON.stringify(outcome));
    expect(JSON.parse((outcome.ok as { extensions: string }).extensions)).toEqual({
      time: true,
      environment: 0,
      file: "refused",
    });
    expect(report.log).toEqual([{ level: "info", message: expect.stringContaining("hello from C") }]);
  },
);
