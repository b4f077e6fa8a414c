/**
 * @module One operation of the helper, from the guest and back to it, less the kernel's own time.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGuest } from "../../guests/build.ts";
import type { Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { percentile } from "../support/statistics.ts";
import { readCalls } from "../support/timeline.ts";

const DIRECTORY = join(import.meta.dirname, "../guests/operations");
const READS = 200;
const CHANGES = 100;
const ADDRESSES = Array.from({ length: CHANGES }, (_, index) => ({
  address: `10.200.${index >> 7}.${(index & 127) + 1}/24`,
}));

interface Repeats {
  readonly reads: number;
  readonly changes: number;
}

/** Calls the plugin once; gives the guest's own time and the kernel's, in microseconds. */
async function callOnce(context: Context, repeats: Repeats, index: number): Promise<{ guest: number; kernel: number }> {
  using container = createContainerNamespace();
  const ipam = { type: "static", addresses: ADDRESSES };
  const network = { cniVersion: "1.0.0", name: "operations", plugins: [{ type: "operations", ...repeats, ipam }] };
  let operationId = "";
  const request = {
    network,
    containerId: `operations-${index}`,
    netns: container.path,
    ifname: "eth0",
    onBegin: (id: string) => (operationId = id),
  };
  await context.host.add(request);
  const call = (await readCalls(context.host, operationId)).find(({ type }) => type === "operations");
  if (call === undefined) throw new Error("the log has no call of the plugin");
  await context.host.del(request);
  const kernel = call.operations.reduce((sum, { kernelMicroseconds }) => sum + kernelMicroseconds, 0);
  return { guest: call.phasesMicroseconds["guest"] ?? 0, kernel };
}

async function medianOf(context: Context, repeats: Repeats, first: number): Promise<number> {
  const rounds = context.isQuick ? 5 : 21;
  const samples: number[] = [];
  for (let index = 0; index < rounds; index++) {
    const { guest, kernel } = await callOnce(context, repeats, first + index);
    samples.push(guest - kernel);
  }
  return percentile(samples, 0.5);
}

/** Measures the rows. */
export async function measureOperation(context: Context): Promise<Row[]> {
  const file = join(context.stateDir, "operations.wasm");
  await buildGuest(DIRECTORY, file);
  await context.host.install({ component: readFileSync(file) });
  await medianOf(context, { reads: 0, changes: 0 }, 0);
  const nothing = await medianOf(context, { reads: 0, changes: 0 }, 100);
  const read = ((await medianOf(context, { reads: READS, changes: 0 }, 200)) - nothing) / READS;
  const change = ((await medianOf(context, { reads: 0, changes: CHANGES }, 300)) - nothing) / CHANGES;
  const measured = { nothingMicroseconds: nothing, readMicroseconds: read, changeMicroseconds: change };
  const shared = { sense: "most", isRatio: false, measured } as const;
  return [
    {
      ...shared,
      name: "read",
      what: "µs: one read of the helper, guest to helper and back, over the kernel's own time, p50",
      figure: read,
      bound: 60,
    },
    {
      ...shared,
      name: "change",
      what: "µs: one change with its ledger rows, the same, p50",
      figure: change,
      bound: 120,
    },
  ];
}
