/**
 * @module The demo's network.
 */
import type { JsonObject } from "../spec/json.ts";

/** Its gateway. */
export const GATEWAY = "10.88.0.1";

/** A bridge with a gateway and masquerading; addresses out of one subnet. */
export const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "demo",
  plugins: [
    {
      type: "bridge",
      bridge: "demo0",
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: { type: "host-local", subnet: "10.88.0.0/24", routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};
