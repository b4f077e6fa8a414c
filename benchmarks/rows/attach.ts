/**
 * @module ADD and DEL of bridge + host-local + ipMasq: ours warm, the reference by exec, and a bare RTM_DELLINK, in turn.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNetns, openOwnNetns } from "../../host/kernel/netns.ts";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import type { IpPrefix } from "../../host/spec/ip.ts";
import { bridgeNetwork, type Context, pluginConfiguration } from "../support/context.ts";
import { type ContainerNamespace, createContainerNamespace } from "../support/namespaces.ts";
import { execPlugin } from "../support/exec.ts";
import type { Row } from "../support/row.ts";
import { distribution, short, timed } from "../support/statistics.ts";

/** Pause before each measured step: a warm host between two calls, not one that is saturated (that is the row `parallel`). */
const PAUSE_MS = 20;

/** Rounds that each side has before it is the other's turn: each finds its own files and code in the caches, as on a node that uses it. */
const BLOCK_ROUNDS = 10;

/** Calls before the first that is measured: V8 has then optimised what the guests use most, as in a host that has run for a minute. */
const WARMING_ROUNDS = 250;

/** Measures one step after the pause, in milliseconds. */
async function timedAlone(step: () => unknown): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return timed(step);
}

interface Samples {
  readonly add: number[];
  readonly del: number[];
  readonly referenceAdd: number[];
  readonly referenceDel: number[];
  readonly bareDelete: number[];
}

/** One round: a container's namespace, used by each side in turn, and the round's number. */
interface Round {
  readonly container: ContainerNamespace;
  readonly index: number;
}

async function measureOurs(context: Context, samples: Samples, { container, index }: Round): Promise<void> {
  const request = {
    network: bridgeNetwork("bench", "bench0", "10.90.0.0/16"),
    containerId: `ours-${index}`,
    netns: container.path,
    ifname: "eth0",
  };
  samples.add.push(await timedAlone(() => context.host.add(request)));
  samples.del.push(await timedAlone(() => context.host.del(request)));
}

/** Where the reference plugins are, and where they keep their addresses. */
interface Reference {
  readonly folder: string;
  readonly dataDir: string;
}

async function measureReference(
  { folder, dataDir }: Reference,
  samples: Samples,
  { container, index }: Round,
): Promise<void> {
  const configuration = pluginConfiguration(bridgeNetwork("reference", "ref0", "10.91.0.0/16", dataDir));
  const call = { folder, containerId: `reference-${index}`, netns: container.path, configuration };
  samples.referenceAdd.push(await timedAlone(() => execPlugin({ ...call, command: "ADD" })));
  samples.referenceDel.push(await timedAlone(() => execPlugin({ ...call, command: "DEL" })));
}

/**
 * Deletes, by one request, a veth that is what an attachment has: a port of our bridge, its other end in the container, both up, with an
 * address and a default route.
 */
async function measureBareDelete(samples: Samples, { container }: Round): Promise<void> {
  using own = openOwnNetns();
  using netns = openNetns(container.path);
  using node = Rtnetlink.open(own);
  using inside = Rtnetlink.open(netns);
  const master = node.getLink({ name: "bench0" });
  node.createVeth({ node: { name: "bare0", masterIndex: master?.index }, container: { name: "eth0", netns } });
  const [link, peer] = [node.getLink({ name: "bare0" }), inside.getLink({ name: "eth0" })];
  if (link === undefined || peer === undefined) throw new Error("the veth for the bare deletion is not there");
  node.setLink(link.index, { up: true });
  inside.addAddress(peer.index, { address: { tag: "ipv4", val: [10, 90, 255, 1] }, prefixLength: 16 });
  inside.setLink(peer.index, { up: true });
  const everywhere: IpPrefix = { address: { tag: "ipv4", val: [0, 0, 0, 0] }, prefixLength: 0 };
  inside.addRoute(peer.index, { destination: everywhere, gateway: { tag: "ipv4", val: [10, 90, 0, 1] } }, "append");
  samples.bareDelete.push(await timedAlone(() => node.deleteLinks([link.index])));
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
    {
      name: "add",
      what: "ms: bridge + host-local + ipMasq, ADD, warm host, p50",
      figure: add.p50,
      bound: 8,
      sense: "most",
      isRatio: false,
      measured,
    },
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

/** Makes and deletes one more attachment of the anchor's container, again and again. */
async function warmUp(context: Context, { path }: ContainerNamespace): Promise<void> {
  const network = bridgeNetwork("bench", "bench0", "10.90.0.0/16");
  const request = { network, containerId: "anchor", netns: path, ifname: "eth1" };
  for (let round = 0; round < WARMING_ROUNDS; round += 1) {
    await context.host.add(request);
    await context.host.del(request);
  }
}

/**
 * Measures the rows. An attachment stays on either bridge throughout, as on a node in use; the namespaces are made before and deleted
 * after, since the kernel takes namespaces down in the background, under the lock that links need.
 */
export async function measureAttach(context: Context): Promise<Row[]> {
  const samples: Samples = { add: [], del: [], referenceAdd: [], referenceDel: [], bareDelete: [] };
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-reference-"));
  const reference = context.referenceFolder === undefined ? undefined : { folder: context.referenceFolder, dataDir };
  const [anchor, ...containers] = Array.from({ length: 1 + (context.isQuick ? 15 : 80) }, createContainerNamespace);
  if (anchor === undefined) throw new Error("no namespaces");
  const request = {
    network: bridgeNetwork("bench", "bench0", "10.90.0.0/16"),
    containerId: "anchor",
    netns: anchor.path,
    ifname: "eth0",
  };
  await context.host.add(request);
  await warmUp(context, anchor);
  const rounds = containers.map((container, index) => ({ container, index }));
  for (let first = 0; first < rounds.length; first += BLOCK_ROUNDS) {
    const block = rounds.slice(first, first + BLOCK_ROUNDS);
    for (const round of block) await measureOurs(context, samples, round);
    for (const round of block) await measureBareDelete(samples, round);
    if (reference !== undefined) for (const round of block) await measureReference(reference, samples, round);
  }
  await context.host.del(request);
  for (const container of [anchor, ...containers]) container[Symbol.dispose]();
  rmSync(dataDir, { recursive: true, force: true });
  return rowsOf(samples);
}
