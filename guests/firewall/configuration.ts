/**
 * @module Configuration of the plugin `firewall`.
 */
import type { Isolation } from "cnidaria:plugin/forward-rules@0.1.0";
import type { PacketFilter, Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid, parseConfiguration } from "../sdk/configuration.ts";
import { findPacketFilter } from "../sdk/packet-filter.ts";

/** Values of `ingressPolicy`. */
const POLICIES: readonly Isolation[] = ["open", "same-bridge", "isolated"];

/** Zone of firewalld's whose sources may do everything. */
const DEFAULT_ZONE = "trusted";

/** What a network's configuration asks for. */
export interface FirewallConfiguration {
  /** What has the rules; `undefined`: the node's choice. */
  readonly packetFilter: PacketFilter | undefined;
  /** Where firewalld is asked. */
  readonly zone: string;
  readonly isolation: Isolation;
}

/**
 * Reads what ADD and CHECK need. DEL reads nothing: an attachment whose configuration was refused can be deleted.
 * @throws {PluginFailure} code 2 for a field that is not supported, 6 for a field of another type, 7 for an unknown `ingressPolicy`.
 */
export function readFirewallConfiguration(request: Request): FirewallConfiguration {
  const fields = parseConfiguration(request.configuration);
  refuseUnsupported(fields);
  const policy = fields.text("ingressPolicy") ?? "open";
  const isolation = POLICIES.find((each) => each === policy);
  // Another text is the same as none, as in the reference.
  const backend = fields.text("backend");
  return {
    packetFilter: backend === "firewalld" ? backend : findPacketFilter(backend),
    zone: fields.text("firewalldZone") ?? DEFAULT_ZONE,
    isolation: isolation ?? invalid("ingressPolicy", '"open", "same-bridge" or "isolated"', policy),
  };
}

/** What a node would do otherwise than asked is refused. */
function refuseUnsupported(fields: Fields): void {
  if (fields.text("iptablesAdminChainName") !== undefined)
    fields.refuse(
      "iptablesAdminChainName",
      "rules of the administrator's go into FORWARD, ahead of ours, or into the chain inet cnidaria forward",
    );
}
