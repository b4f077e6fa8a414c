/**
 * @module ADD with 900 attachments on one bridge against 10, less the kernel's own time; the bare netlink sequence beside.
 */
import { openNetns, openOwnNetns } from "../../host/kernel/netns.ts";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { bridgeNetwork, type Context } from "../support/context.ts";
import { type ContainerNamespace, createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { distribution, percentile, short, timed } from "../support/statistics.ts";
import { readKernelMilliseconds } from "../support/timeline.ts";

const FEW = 10;
const MANY = 900;
const AT_A_TIME = 8;
const NETWORK = bridgeNetwork("scale", "scale0", "10.97.0.0/16");

function requestFor(container: ContainerNamespace, containerId: string) {
  return { network: NETWORK, containerId, netns: container.path, ifname: "eth0" };
}

/** Measures ADD at the present size: total and kernel's own, in milliseconds. */
async function measureAdds(
  context: Context,
  rounds: number,
  label: string,
): Promise<{ total: number[]; own: number[] }> {
  const total: number[] = [];
  const own: number[] = [];
  for (let index = 0; index < rounds; index++) {
    using container = createContainerNamespace();
    let operationId = "";
    const request = {
      ...requestFor(container, `scale-${label}-${index}`),
      onBegin: (id: string) => (operationId = id),
    };
    const elapsed = await timed(() => context.host.add(request));
    total.push(elapsed);
    own.push(elapsed - (await readKernelMilliseconds(context.host, operationId)));
    await context.host.del(request);
  }
  return { total, own };
}

/** Measures what the kernel alone takes for the links of one attachment: the pair, up, an address, a route. In milliseconds, p50. */
async function measureBare(rounds: number): Promise<number> {
  const samples: number[] = [];
  using own = openOwnNetns();
  using node = Rtnetlink.open(own);
  const master = node.getLink({ name: "scale0" });
  for (let index = 0; index < rounds; index++) {
    using container = createContainerNamespace();
    using netns = openNetns(container.path);
    using inside = Rtnetlink.open(netns);
    samples.push(
      await timed(() => {
        node.createVeth({ node: { name: "bare0", masterIndex: master?.index }, container: { name: "eth0", netns } });
        const [link, peer] = [node.getLink({ name: "bare0" }), inside.getLink({ name: "eth0" })];
        if (link === undefined || peer === undefined) throw new Error("the bare veth is not there");
        node.setLink(link.index, { up: true });
        inside.addAddress(peer.index, { address: { tag: "ipv4", val: [10, 97, 255, 1] }, prefixLength: 16 });
        inside.setLink(peer.index, { up: true });
      }),
    );
    const link = node.getLink({ name: "bare0" });
    if (link !== undefined) await node.deleteLinks([link.index]);
  }
  return percentile(samples, 0.5);
}

async function fill(context: Context, containers: ContainerNamespace[], size: number): Promise<void> {
  const worker = async () => {
    while (containers.length < size) {
      const container = createContainerNamespace();
      containers.push(container);
      await context.host.add(requestFor(container, `scale-${container.name}`));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

async function empty(context: Context, containers: ContainerNamespace[]): Promise<void> {
  const worker = async () => {
    for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
      await context.host.del(requestFor(container, `scale-${container.name}`));
      container[Symbol.dispose]();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** Measures the row. */
export async function measureScale(context: Context): Promise<Row[]> {
  const many = context.isQuick ? 100 : MANY;
  const rounds = context.isQuick ? 10 : 40;
  const containers: ContainerNamespace[] = [];
  await fill(context, containers, FEW);
  const atFew = await measureAdds(context, rounds, "few");
  const bareAtFew = await measureBare(rounds);
  await fill(context, containers, many);
  const atMany = await measureAdds(context, rounds, "many");
  const bareAtMany = await measureBare(rounds);
  await empty(context, containers);
  const [few, lots] = [distribution(atFew.own), distribution(atMany.own)];
  const totals = { few: distribution(atFew.total), many: distribution(atMany.total) };
  return [
    {
      name: "scale",
      what: `× the ADD p50 at ${FEW} attachments, at ${many}, less the kernel's own time`,
      figure: lots.p50 / few.p50,
      bound: 1.3,
      sense: "most",
      isRatio: true,
      measured: { few, many: lots, totals, bareAtFewMilliseconds: bareAtFew, bareAtManyMilliseconds: bareAtMany },
      beside: `ADD ${short(totals.few.p50)} and ${short(totals.many.p50)} ms; bare netlink ${short(bareAtFew)} and ${short(bareAtMany)} ms`,
    },
  ];
}
