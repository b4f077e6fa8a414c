/**
 * @module The demo's network, and the narrower permission that it tries.
 */
import type { JsonObject } from "../spec/json.ts";

/** Bridge of the demo's network. */
export const BRIDGE = "demo0";
/** Its gateway. */
export const GATEWAY = "10.88.0.1";

/** A bridge with a gateway and masquerading; addresses out of one subnet. */
export const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "demo",
  plugins: [
    {
      type: "bridge",
      bridge: BRIDGE,
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: { type: "host-local", subnet: "10.88.0.0/24", routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};
