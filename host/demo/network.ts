/**
 * @module The demo's network.
 */
import type { JsonObject } from "../spec/json.ts";

/** Its gateway. */
export const GATEWAY = "10.88.0.1";

/** A bridge with a gateway and masquerading; addresses out of one subnet. */
export const BRIDGE: JsonObject = {
  type: "bridge",
  bridge: "demo0",
  isGateway: true,
  ipMasq: true,
  ipMasqBackend: "nftables",
  ipam: { type: "host-local", subnet: "10.88.0.0/24", routes: [{ dst: "0.0.0.0/0" }] },
};

/** The everyday chain: published ports, forwarding and a setting of the container besides. */
export const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "demo",
  plugins: [
    BRIDGE,
    { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    { type: "firewall", backend: "nftables" },
    { type: "tuning", sysctl: { "net.core.somaxconn": "512" } },
  ],
};

/** The bridge alone, which is what is timed. */
export const BRIDGE_NETWORK: JsonObject = { cniVersion: "1.1.0", name: "demo-bridge", plugins: [BRIDGE] };
