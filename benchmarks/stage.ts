/**
 * @module A program: one node with many containers, each with two published ports and the firewall's rules. It does what lines of its input
 * say and answers each with a line of JSON. `support/stage.ts` starts it, in namespaces of its own, which take everything along.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { JsonObject } from "../host/index.ts";
import { bridgeNetwork, type Context, createContext } from "./support/context.ts";
import { createContainerNamespace } from "./support/namespaces.ts";
import { execList } from "./support/exec.ts";
import { forEach } from "./support/rate.ts";
import type { AddTimes, Forwarded, StageCommand } from "./support/stage.ts";
import { timed } from "./support/statistics.ts";
import { readKernelMilliseconds } from "./support/timeline.ts";

/** A Linux bridge has at most 1,024 ports: the first 2,000 attachments share three, those after them three more. */
const BRIDGES_AT_ONCE = 3;
const FIRST_PART = 2000;
/** Rounds after which a host counts as warm, as everywhere in these benchmarks. */
const WARM_ROUNDS = 250;
const FIRST_HOST_PORT = 10_000;
/** Behind `outside`, which does not forward: what comes there is counted and dropped. */
const SINK = "198.51.100.1";

const NETWORKS = Array.from({ length: 2 * BRIDGES_AT_ONCE }, (_, index): JsonObject => {
  const network = bridgeNetwork(`stage${index}`, `stage${index}`, `10.${100 + index}.0.0/16`);
  const plugins = network["plugins"] as JsonObject[];
  return {
    ...network,
    plugins: [...plugins, { type: "portmap", capabilities: { portMappings: true } }, { type: "firewall" }],
  };
});

function networkOf(index: number): JsonObject {
  const part = index < FIRST_PART ? 0 : BRIDGES_AT_ONCE;
  return NETWORKS[part + (index % BRIDGES_AT_ONCE)] as JsonObject;
}

function requestFor(netns: string, index: number) {
  const hostPort = FIRST_HOST_PORT + 2 * index;
  return {
    network: networkOf(index),
    containerId: `stage-${index}`,
    netns,
    ifname: "eth0",
    runtimeConfig: {
      portMappings: [
        { hostPort, containerPort: 80, protocol: "tcp" },
        { hostPort: hostPort + 1, containerPort: 53, protocol: "udp" },
      ],
    },
  };
}

/** What has been made so far. */
interface Progress {
  /** The containers' paths. */
  readonly containers: string[];
  flows: number;
}

/** Who attaches: ours, or the reference plugins by one exec each, as a runtime does. */
type Attach = (request: ReturnType<typeof requestFor>) => Promise<unknown>;

/** Attaches by the reference plugins in a folder. Their files are gone with the state directory. */
function attachByReference(folder: string, dataDir: string): Attach {
  return ({ network, containerId, netns, runtimeConfig }) => {
    const plugins = (network["plugins"] as readonly JsonObject[]).map((plugin) => {
      const ipam = plugin["ipam"] as JsonObject | undefined;
      return ipam === undefined ? plugin : { ...plugin, ipam: { ...ipam, dataDir } };
    });
    return execList({
      folder,
      command: "ADD",
      network: { ...network, plugins },
      containerId,
      netns,
      runtimeConfig,
    });
  };
}

async function fill(attach: Attach, { containers }: Progress, size: number): Promise<void> {
  const first = containers.length;
  const indices = Array.from({ length: Math.max(0, size - first) }, (_, each) => first + each);
  await forEach(indices, (index) => {
    // It stays until this process ends, with the others.
    const { path } = createContainerNamespace();
    containers[index] = path;
    return attach(requestFor(path, index));
  });
}

/** Attaches one more and another, by the reference plugins. In milliseconds. */
async function measureReferenceAdds(attach: Attach, progress: Progress, rounds: number): Promise<AddTimes> {
  const total: number[] = [];
  for (let round = 0; round < rounds; round++)
    total.push(await timed(() => fill(attach, progress, progress.containers.length + 1)));
  return { total, own: [] };
}

/** Attaches one more and removes it, some times. */
async function measureAdds({ host }: Context, { containers }: Progress, rounds: number): Promise<AddTimes> {
  const times = { total: [] as number[], own: [] as number[] };
  const size = containers.length;
  for (let round = 0; round < rounds; round++) {
    using container = createContainerNamespace();
    let operationId = "";
    const request = { ...requestFor(container.path, size + round), onBegin: (id: string) => (operationId = id) };
    const total = await timed(() => host.add(request));
    times.total.push(total);
    times.own.push(total - (await readKernelMilliseconds(host, operationId)));
    await host.del(request);
  }
  return times;
}

function ip(...args: string[]): void {
  execFileSync("ip", args);
}

/** Makes what stands for the outside, behind the node. */
function makeOutside(): void {
  ip("netns", "add", "outside");
  ip("link", "add", "out0", "type", "veth", "peer", "name", "eth0", "netns", "outside");
  ip("address", "add", "192.0.2.1/24", "dev", "out0");
  ip("link", "set", "out0", "up");
  ip("-n", "outside", "address", "add", "192.0.2.2/24", "dev", "eth0");
  ip("-n", "outside", "link", "set", "eth0", "up");
  ip("route", "add", "198.51.100.0/24", "via", "192.0.2.2");
  // Flows of one measurement are forgotten before the next one.
  execFileSync("sysctl", ["-qw", "net.netfilter.nf_conntrack_udp_timeout=1"]);
}

/** Counts what left the node for the outside. Source: /proc/net/dev, whose tenth number of a link is the packets that it sent. */
function countLeft(): number {
  const line = readFileSync("/proc/self/net/dev", "utf8")
    .split("\n")
    .find((each) => each.trim().startsWith("out0:"));
  return Number(line?.trim().split(/\s+/u)[10]);
}

/** Sends packets from the first container through the node to the outside, and gives how many came there. */
function forward(progress: Progress, { kind, count }: Extract<StageCommand, { do: "forward" }>): Forwarded {
  const before = countLeft();
  const program = join(import.meta.dirname, "support/packets.ts");
  const [container = ""] = progress.containers;
  const args = [program, SINK, String(count), kind, String(progress.flows)];
  const output = execFileSync("nsenter", [`--net=${container}`, process.execPath, ...args], { encoding: "utf8" });
  progress.flows += count;
  const { elapsedMs } = JSON.parse(output) as { readonly elapsedMs: number };
  return { elapsedMs, forwarded: countLeft() - before };
}

async function main(): Promise<void> {
  await using context = await createContext(false);
  const progress: Progress = { containers: [], flows: 0 };
  makeOutside();
  const reference =
    process.argv[2] === "reference" && context.referenceFolder !== undefined
      ? attachByReference(context.referenceFolder, join(context.stateDir, "reference"))
      : undefined;
  const attach: Attach = reference ?? ((request) => context.host.add(request));
  const perform = async (command: StageCommand): Promise<unknown> => {
    if (command.do === "fill") return fill(attach, progress, command.size);
    if (command.do === "warm") return measureAdds(context, progress, WARM_ROUNDS).then(() => undefined);
    if (command.do === "add" && reference !== undefined)
      return measureReferenceAdds(reference, progress, command.rounds);
    if (command.do === "add") return measureAdds(context, progress, command.rounds);
    return forward(progress, command);
  };
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify((await perform(JSON.parse(line) as StageCommand)) ?? null));
  }
}

await main();
