/**
 * @module What the plugin `ptp` calls, as a value that it is given.
 */
import type * as ContainerAddresses from "cnidaria:plugin/container-addresses@0.1.0";
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type * as ContainerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import type * as Ipam from "cnidaria:plugin/ipam@0.1.0";
import type * as Masquerade from "cnidaria:plugin/masquerade@0.1.0";
import type * as NodeAddresses from "cnidaria:plugin/node-addresses@0.1.0";
import type * as NodeForwarding from "cnidaria:plugin/node-forwarding@0.1.0";
import type * as NodeLinks from "cnidaria:plugin/node-links@0.1.0";
import type * as NodeRoutes from "cnidaria:plugin/node-routes@0.1.0";

import type { BatchImports } from "../sdk/index.ts";

/** The functions of the contract that the plugin uses. */
export interface PtpImports {
  readonly batch: BatchImports;
  readonly containerLinks: Pick<typeof ContainerLinks, "startVeth" | "startedVeth" | "get" | "setUp" | "delete">;
  readonly containerAddresses: Pick<typeof ContainerAddresses, "add" | "list" | "settle">;
  readonly containerRoutes: Pick<typeof ContainerRoutes, "add" | "list" | "delete">;
  readonly ipam: Pick<typeof Ipam, "add" | "del" | "check">;
  readonly masquerade: Pick<typeof Masquerade, "set" | "list" | "remove">;
  readonly nodeAddresses: Pick<typeof NodeAddresses, "ensure" | "list">;
  readonly nodeForwarding: Pick<typeof NodeForwarding, "enable">;
  readonly nodeLinks: Pick<typeof NodeLinks, "get">;
  readonly nodeRoutes: Pick<typeof NodeRoutes, "ensure" | "list">;
}
