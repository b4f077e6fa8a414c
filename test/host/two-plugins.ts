/**
 * @module A network of a bridge and a chained plugin, executed one by one, as runtimes do, or as a list.
 */
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import type { TestContainer } from "../support/container.ts";

type Options = Readonly<Record<string, unknown>>;

/** The bridge of a network; networks have subnets of their own. */
const bridgeOf = (subnet: number) => ({
  type: "bridge",
  bridge: `ts${subnet}`,
  isGateway: true,
  ipam: { type: "host-local", subnet: `10.78.${subnet}.0/24` },
});

/** Which chain. */
export interface ChainOptions {
  readonly host: Host;
  readonly container: TestContainer;
  /** Number of the subnet, and of its network. */
  readonly subnet: number;
  readonly ifname: string;
}

/** A container and its network of two plugins, executed one by one or as a list. */
export interface Chain {
  readonly container: TestContainer;
  readonly add: (type: "bridge" | "masks", options?: Options) => Promise<void>;
  readonly del: (type: "bridge" | "masks", options?: Options) => Promise<void>;
  readonly check: (type: "bridge" | "masks") => Promise<void>;
  readonly addList: () => Promise<JsonObject>;
  readonly delList: (options?: Options) => Promise<void>;
  /** What is there of each plugin: the kinds of what is owned and shared, leases, and scopes on record. */
  readonly left: () => Promise<readonly string[]>;
}

/** Makes what executes the chain. Nothing is added yet. */
export function chainOf({ host, container, subnet, ifname }: ChainOptions): Chain {
  const [name, bridge] = [`scoped${subnet}`, bridgeOf(subnet)];
  let result: JsonObject | undefined;
  const common = { cniVersion: "1.1.0", name };
  const key = { containerId: container.id, netns: container.netns, ifname };
  const exec = async (command: string, type: "bridge" | "masks", options: Options): Promise<string> => {
    const { netns = container.netns, ...others } = options;
    const plugin = type === "bridge" ? bridge : { type };
    const prevResult = command === "ADD" && type === "bridge" ? undefined : result;
    const configuration = JSON.stringify({ ...common, ...plugin, prevResult, ...others });
    return host.exec({ command, type, ...key, netns: String(netns), args: "", configuration });
  };
  const network = { ...common, plugins: [bridge, { type: "masks" }] } as JsonObject;
  return {
    container,
    add: async (type, options = {}) => {
      result = JSON.parse(await exec("ADD", type, options)) as JsonObject;
    },
    del: async (type, options = {}) => void (await exec("DEL", type, options)),
    check: async (type) => void (await exec("CHECK", type, {})),
    addList: async () => (result = await host.add({ ...key, network })),
    delList: ({ netns = container.netns } = {}) => host.del({ ...key, netns: String(netns), network }),
    left: async () => leftOf(host, { containerId: container.id, network: name }, ifname),
  };
}

async function leftOf(
  host: Host,
  filter: { readonly network: string; readonly containerId: string },
  ifname: string,
): Promise<readonly string[]> {
  const rows = await host.ledger(filter);
  const isOurs = (row: { readonly ifname: string }): boolean => row.ifname === ifname;
  return [
    ...rows.filter((row) => isOurs(row) && row.kind !== "namespace").map(({ kind }) => kind),
    ...(await host.leases(filter)).filter(isOurs).map(() => "lease"),
    ...(await host.attachments(filter)).filter(isOurs).map(({ scope }) => `record ${JSON.stringify(scope)}`),
  ].toSorted();
}
