/**
 * @module The everyday chain that faults are tried on: bridge with addresses and masquerading, published ports, firewall, settings.
 */
import type { AttachmentRequest } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import type { TestContainer } from "../support/container.ts";
import { GUEST_PLAN } from "./guest-plan.ts";
import type { GuestPlan } from "./guest-plan.ts";

/** Its plugins, IPAM among them. */
export const CHAIN_TYPES = ["bridge", "host-local", "portmap", "firewall", "tuning"] as const;
/** A plugin of the chain. */
export type ChainType = (typeof CHAIN_TYPES)[number];

/** Which network, and what the sandboxes are to do in it. */
export interface ChainOptions {
  readonly name: string;
  readonly subnet: string;
  readonly plans?: Partial<Readonly<Record<ChainType, GuestPlan>>>;
}

/** Makes the network. */
export function chainOf({ name, subnet, plans = {} }: ChainOptions): JsonObject {
  const planned = (...types: readonly ChainType[]): JsonObject => {
    const own = types.flatMap((type) => plans[type] ?? []);
    return own.length === 0 ? {} : { [GUEST_PLAN]: own as unknown as JsonObject[] };
  };
  const ipam = { type: "host-local", subnet, routes: [{ dst: "0.0.0.0/0" }] };
  return {
    cniVersion: "1.1.0",
    name,
    plugins: [
      {
        type: "bridge",
        bridge: `${name}0`,
        isGateway: true,
        ipMasq: true,
        ipMasqBackend: "nftables",
        ipam,
        // The IPAM plugin is given the configuration of the one that asks for it.
        ...planned("bridge", "host-local"),
      },
      { type: "portmap", capabilities: { portMappings: true }, ...planned("portmap") },
      { type: "firewall", ...planned("firewall") },
      { type: "tuning", mtu: 1400, sysctl: { "net.core.somaxconn": "500" }, ...planned("tuning") },
    ],
  };
}

/** One attachment of a container, with a port of the node. */
export function chainRequest(
  { id, netns }: Pick<TestContainer, "id" | "netns">,
  network: JsonObject,
  hostPort: number,
): AttachmentRequest {
  const portMappings = [{ hostPort, containerPort: 80, protocol: "tcp" }];
  return { network, containerId: id, netns, ifname: "eth0", runtimeConfig: { portMappings } };
}
