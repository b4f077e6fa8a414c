import { expect, test } from "vitest";
import { createPool } from "../../host/sandbox/pool.ts";
import { buildWasiFixture, missingTools } from "../guests/fixtures/wasi/build.ts";
import { bundleEntry } from "./bundles.ts";
import { createFakeHelper } from "./fake-helper.ts";
import { callOf, NO_IPAM } from "./scene.ts";

const why = missingTools();
const reason = why === undefined ? "" : ` (skipped: ${why})`;

test.skipIf(why !== undefined)(
  `a guest with a standard library finds a clock and a log, no files and no environment, in every call${reason}`,
  async () => {
    using bundle = await bundleEntry("host/sandbox/main.ts");
    const component = await buildWasiFixture();
    await using helper = await createFakeHelper({
      bundlePath: bundle.path,
      component,
      capabilities: ["log"],
      wasi: true,
    });
    using pool = createPool({ client: helper });
    for (const index of [0, 1]) {
      const report = await pool.run(helper.plugin, (sandbox) => sandbox.call(callOf(index), NO_IPAM));
      const { outcome } = report.result;
      if (!("ok" in outcome)) throw new Error(JSON.stringify(outcome));
      const found: unknown = JSON.parse((outcome.ok as { extensions: string }).extensions);
      expect(found).toEqual({ time: true, environment: 0, file: "refused" });
      expect(report.log).toEqual([{ level: "info", message: expect.stringContaining("hello from C") }]);
    }
    expect(helper.children).toHaveLength(1);
  },
);

test.skipIf(why !== undefined)(`a guest that wants WASI does not start without it${reason}`, async () => {
  using bundle = await bundleEntry("host/sandbox/main.ts");
  await using helper = await createFakeHelper({ bundlePath: bundle.path, component: await buildWasiFixture() });
  using pool = createPool({ client: helper });
  await expect(pool.warm(helper.plugin)).rejects.toMatchObject({ kind: "guestFailed" });
});
