/**
 * @module The everyday chain, `bridge` (with `host-local`), `portmap`, `firewall`, `tuning`: by four execs, as a runtime makes them, or as one
 * list. {@link CHAIN} is all there is to change: a step is given the result of the one before.
 */
import type { JsonObject } from "../../host/index.ts";
import { bridgeNetwork, pluginConfiguration } from "./context.ts";
import { execPlugin } from "./exec.ts";
import { type ContainerNamespace, createContainerNamespace } from "./namespaces.ts";

type Configuration = Readonly<Record<string, unknown>>;

/** One side: its executables, and what keeps its networks apart from the others'. */
export interface Side {
  readonly name: string;
  readonly folder: string;
  /** Second octet of its addresses. */
  readonly octet: number;
  readonly dataDir: string;
  /** Its containers' first port of the node. @default 8000 */
  readonly firstPort?: number;
}

/** One plugin of the chain: makes its configuration; `previous` is the result of the plugin before it. */
type ChainStep = (side: Side, previous: unknown) => Configuration;

/** A plugin that follows another one. */
const chained =
  (type: string, optionsOf: (side: Side) => Configuration): ChainStep =>
  (side, prevResult) => ({ cniVersion: "1.0.0", name: `${side.name}-chain`, type, ...optionsOf(side), prevResult });

/** Two ports of the node, other ones for each side. */
const portsOf = ({ octet, firstPort = 8000 }: Side): Configuration => ({
  runtimeConfig: {
    portMappings: [
      { hostPort: firstPort + octet, containerPort: 80, protocol: "tcp" },
      { hostPort: firstPort + 1000 + octet, containerPort: 53, protocol: "udp" },
    ],
  },
});

const CHAIN: readonly ChainStep[] = [
  ({ name, octet, dataDir }, prevResult) => ({
    ...pluginConfiguration(bridgeNetwork(`${name}-chain`, `chain${octet}`, `10.${octet}.0.0/16`, dataDir)),
    ...(prevResult === undefined ? {} : { prevResult }),
  }),
  chained("portmap", portsOf),
  chained("firewall", () => ({})),
  chained("tuning", () => ({ sysctl: { "net.core.somaxconn": "500" } })),
];

/** One container of a side. */
export interface ChainCall {
  readonly side: Side;
  readonly container: ContainerNamespace;
  readonly containerId: string;
}

/** Adds a container by an exec for each plugin, and gives the last result. */
export async function addByExecs({ side, container, containerId }: ChainCall): Promise<unknown> {
  const call = { folder: side.folder, containerId, netns: container.path, ifname: "eth0" };
  let previous: unknown;
  for (const configure of CHAIN)
    previous = JSON.parse(await execPlugin({ ...call, command: "ADD", configuration: configure(side, previous) }));
  return previous;
}

/**
 * Adds a container that stays, so that others find the network's bridge and chains, as on a node that has been in use. Gives what removes it.
 */
export async function addStaying(side: Side): Promise<() => Promise<void>> {
  const container = createContainerNamespace();
  const call = { side: { ...side, firstPort: 20_000 }, container, containerId: `${side.name}-stays` };
  const result = await addByExecs(call);
  return async () => {
    await deleteByExecs(call, result);
    container[Symbol.dispose]();
  };
}

/** Removes it again, the last plugin first. */
export async function deleteByExecs({ side, container, containerId }: ChainCall, result: unknown): Promise<void> {
  const call = { folder: side.folder, containerId, netns: container.path, ifname: "eth0" };
  for (const configure of CHAIN.toReversed())
    await execPlugin({ ...call, command: "DEL", configuration: configure(side, result) });
}

/**
 * Has the plugins check the container, all but `portmap`: that of the reference looks for IPv6 rules of a container that has no such address,
 * and fails (1.1.1).
 */
export async function checkByExecs({ side, container, containerId }: ChainCall, result: unknown): Promise<void> {
  const call = { folder: side.folder, containerId, netns: container.path, ifname: "eth0" };
  for (const configuration of CHAIN.map((configure) => configure(side, result)))
    if (configuration["type"] !== "portmap") await execPlugin({ ...call, command: "CHECK", configuration });
}

/** The same as one list, and what a runtime hands over with it; each container publishes two ports of its own. */
export function chainRequest(side: Pick<Side, "name" | "octet">, index: number) {
  const network = bridgeNetwork(`${side.name}-chain`, `chain${side.octet}`, `10.${side.octet}.0.0/16`);
  const [bridge = {}] = network["plugins"] as JsonObject[];
  const chained: JsonObject[] = [
    { type: "portmap", capabilities: { portMappings: true } },
    { type: "firewall" },
    { type: "tuning", sysctl: { "net.core.somaxconn": "500" } },
  ];
  const portMappings = [
    { hostPort: 10_000 + index, containerPort: 80, protocol: "tcp" },
    { hostPort: 10_000 + index, containerPort: 53, protocol: "udp" },
  ];
  return { network: { ...network, plugins: [bridge, ...chained] }, runtimeConfig: { portMappings }, ifname: "eth0" };
}
