/**
 * @module Configuration of the plugin `firewall`.
 */
import type { Isolation } from "cnidaria:plugin/forward-rules@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid, parseConfiguration } from "../sdk/configuration.ts";

/** Values of `ingressPolicy`. */
const POLICIES: readonly Isolation[] = ["open", "same-bridge", "isolated"];

/** What a network's configuration asks for. */
export interface FirewallConfiguration {
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
  return { isolation: isolation ?? invalid("ingressPolicy", '"open", "same-bridge" or "isolated"', policy) };
}

/**
 * What a node would do otherwise than asked is refused. `iptables` names what the rules mean, not the program: the reference takes it
 * where firewalld does not run, and so does whoever leaves the field out. Another text is the same as none, as in the reference.
 */
function refuseUnsupported(fields: Fields): void {
  if (fields.text("backend") === "firewalld")
    fields.refuse("backend", 'rules are kept by nftables; leave it out, or say "iptables"');
  if (fields.text("firewalldZone") !== undefined) fields.refuse("firewalldZone", "there is no firewalld backend");
  if (fields.text("iptablesAdminChainName") !== undefined)
    fields.refuse("iptablesAdminChainName", "rules of the administrator's go into the chain inet cnidaria forward");
}
