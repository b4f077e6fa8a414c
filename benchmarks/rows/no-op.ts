/**
 * @module A call of a guest that does nothing: what the isolation costs by itself.
 */
import { buildFixture } from "../../test/guests/fixtures/build.ts";
import type { Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { distribution, timed } from "../support/statistics.ts";

/** Pause between calls, so that each finds the next instance ready, as in a host that is not saturated. */
const PAUSE_MS = 10;

/** Measures the row. */
export async function measureNoOp(context: Context): Promise<Row[]> {
  await context.host.install({ component: await buildFixture("no-op") });
  using container = createContainerNamespace();
  const network = { cniVersion: "1.0.0", name: "no-op", plugins: [{ type: "no-op" }] };
  const samples: number[] = [];
  const rounds = context.isQuick ? 50 : 200;
  for (let index = 0; index < rounds; index++) {
    const request = { network, containerId: `no-op-${index}`, netns: container.path, ifname: "eth0" };
    const elapsed = await timed(() => context.host.add(request));
    if (index >= 5) samples.push(elapsed);
    await context.host.del(request);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  const call = distribution(samples);
  return [
    {
      name: "no-op",
      what: "ms: a TypeScript guest that does nothing, host to host, fresh instance, warm sandbox, p50",
      figure: call.p50,
      bound: 2.5,
      sense: "most",
      isRatio: false,
      measured: { call },
    },
  ];
}
