/**
 * @module ADD and DEL of bridge + host-local + ipMasq: ours warm, the reference by exec, and a bare RTM_DELLINK, interleaved.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNetns, openOwnNetns } from "../../host/kernel/netns.ts";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { bridgeNetwork, type Context, pluginConfiguration } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import { callReference } from "../support/reference.ts";
import type { Row } from "../support/row.ts";
import { distribution, short, timed } from "../support/statistics.ts";

interface Samples {
  readonly add: number[];
  readonly del: number[];
  readonly referenceAdd: number[];
  readonly referenceDel: number[];
  readonly bareDelete: number[];
}

async function measureOurs(context: Context, samples: Samples, index: number): Promise<void> {
  using container = createContainerNamespace();
  const request = {
    network: bridgeNetwork("bench", "bench0", "10.90.0.0/16"),
    containerId: `ours-${index}`,
    netns: container.path,
    ifname: "eth0",
  };
  samples.add.push(await timed(() => context.host.add(request)));
  samples.del.push(await timed(() => context.host.del(request)));
}

async function measureReference(folder: string, dataDir: string, samples: Samples, index: number): Promise<void> {
  using container = createContainerNamespace();
  const configuration = pluginConfiguration(bridgeNetwork("reference", "ref0", "10.91.0.0/16", dataDir));
  const call = { folder, containerId: `reference-${index}`, netns: container.path, configuration };
  samples.referenceAdd.push(await timed(() => callReference({ ...call, command: "ADD" })));
  samples.referenceDel.push(await timed(() => callReference({ ...call, command: "DEL" })));
}

/** Deletes a veth that hangs on our bridge with its other end up in a container, by one request. */
async function measureBareDelete(samples: Samples): Promise<void> {
  using container = createContainerNamespace();
  using own = openOwnNetns();
  using netns = openNetns(container.path);
  using node = Rtnetlink.open(own);
  using inside = Rtnetlink.open(netns);
  const master = node.getLink({ name: "bench0" });
  node.createVeth({ node: { name: "bare0", masterIndex: master?.index }, container: { name: "eth0", netns } });
  const link = node.getLink({ name: "bare0" });
  if (link === undefined) throw new Error("the veth for the bare deletion is not there");
  node.setLink(link.index, { up: true });
  const peer = inside.getLink({ name: "eth0" });
  if (peer !== undefined) inside.setLink(peer.index, { up: true });
  samples.bareDelete.push(await timed(() => node.deleteLinks([link.index])));
}

function rowsOf(samples: Samples): Row[] {
  const add = distribution(samples.add);
  const del = distribution(samples.del);
  const bare = distribution(samples.bareDelete);
  const hasReference = samples.referenceAdd.length > 0;
  const referenceAdd = hasReference ? distribution(samples.referenceAdd) : undefined;
  const referenceDel = hasReference ? distribution(samples.referenceDel) : undefined;
  const measured = { add, del, bare, referenceAdd, referenceDel };
  const rows: Row[] = [
    { name: "add", what: "ms: bridge + host-local + ipMasq, ADD, warm host, p50", figure: add.p50, bound: 8, sense: "most", isRatio: false, measured },
  ];
  if (referenceAdd !== undefined && referenceDel !== undefined) {
    rows.push({
      name: "add-ratio",
      what: "× the reference plugins' ADD",
      figure: add.p50 / referenceAdd.p50,
      bound: 0.25,
      sense: "most",
      isRatio: true,
      measured,
      beside: `reference ADD ${short(referenceAdd.p50)} ms, DEL ${short(referenceDel.p50)} ms; ours DEL ${short(del.p50)} ms, ${short(del.p50 / referenceDel.p50)} × the reference`,
    });
  }
  rows.push({
    name: "del",
    what: "× a bare RTM_DELLINK of a veth, DEL p50",
    figure: del.p50 / bare.p50,
    bound: 1.3,
    sense: "most",
    isRatio: true,
    measured,
    beside: `DEL ${short(del.p50)} ms, bare RTM_DELLINK ${short(bare.p50)} ms`,
  });
  return rows;
}

/** Measures the rows. An attachment stays on either bridge throughout, as on a node in use. */
export async function measureAttach(context: Context): Promise<Row[]> {
  const samples: Samples = { add: [], del: [], referenceAdd: [], referenceDel: [], bareDelete: [] };
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-reference-"));
  using anchor = createContainerNamespace();
  const request = { network: bridgeNetwork("bench", "bench0", "10.90.0.0/16"), containerId: "anchor", netns: anchor.path, ifname: "eth0" };
  await context.host.add(request);
  const rounds = context.isQuick ? 10 : 60;
  for (let index = 0; index < rounds; index++) {
    await measureOurs(context, samples, index);
    await measureBareDelete(samples);
    if (context.referenceFolder !== undefined && index % 2 === 0) await measureReference(context.referenceFolder, dataDir, samples, index);
  }
  await context.host.del(request);
  rmSync(dataDir, { recursive: true, force: true });
  return rowsOf(samples);
}
