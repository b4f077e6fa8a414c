/**
 * @module What of a warm ADD is the ledger's: every statement of the database, reads too.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createHost } from "../../host/index.ts";
import { buildTestBundles } from "../../test/crash/bundles.ts";
import { readBundled } from "../../test/support/bundled.ts";
import { bridgeNetwork } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { percentile, short } from "../support/statistics.ts";

const BUNDLES = join(import.meta.dirname, "..", "..", "dist", "metered");
const WARM_ROUNDS = 250;
const ROUNDS = 100;
const ROUNDS_QUICK = 30;
const BOUND = 0.2;

/** Measures the row. */
export async function measureLedgerShare(isQuick: boolean): Promise<Row[]> {
  await buildTestBundles(BUNDLES, { helper: join(import.meta.dirname, "metered-helper-entry.ts") });
  const folder = mkdtempSync("/var/lib/cnidaria-bench-");
  const stateDir = join(folder, "state");
  const spent = (): number => Number(readFileSync(join(folder, "ledger-microseconds"), "utf8"));
  const network = bridgeNetwork("ledger", "ledger0", "10.95.0.0/16");
  const [totals, shares, parts]: [number[], number[], number[]] = [[], [], []];
  {
    await using host = await createHost({ stateDir, bundleDir: BUNDLES, origin: "benchmark" });
    for (const type of ["bridge", "host-local"]) await host.install({ component: readBundled(type) });
    for (let round = 0; round < WARM_ROUNDS + (isQuick ? ROUNDS_QUICK : ROUNDS); round += 1) {
      using container = createContainerNamespace();
      const request = { network, containerId: container.name, netns: container.path, ifname: "eth0" };
      const before = round === 0 ? 0 : spent();
      const startedAt = performance.now();
      await host.add(request);
      const total = performance.now() - startedAt;
      const part = (spent() - before) / 1000;
      await host.del(request);
      if (round < WARM_ROUNDS) continue;
      totals.push(total);
      parts.push(part);
      shares.push(part / total);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return [
    {
      name: "ledger",
      what: "of a warm ADD is the ledger's, p50",
      figure: percentile(shares, 0.5),
      bound: BOUND,
      sense: "most",
      isRatio: true,
      measured: {
        milliseconds: percentile(parts, 0.5),
        addMilliseconds: percentile(totals, 0.5),
        rounds: shares.length,
      },
      beside: `${short(percentile(parts, 0.5))} of ${short(percentile(totals, 0.5))} ms`,
    },
  ];
}
