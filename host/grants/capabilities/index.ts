/**
 * @module Every capability that can be granted. One more is one file and one line here.
 */

import type { Capability } from "../capability.ts";
import { clock } from "./clock.ts";
import { conntrack } from "./conntrack.ts";
import { containerAddresses } from "./container-addresses.ts";
import { containerLinkAttributes } from "./container-link-attributes.ts";
import { containerLinks } from "./container-links.ts";
import { containerRoutes } from "./container-routes.ts";
import { containerRules } from "./container-rules.ts";
import { containerSysctls } from "./container-sysctls.ts";
import { forwardRules } from "./forward-rules.ts";
import { hostPorts } from "./host-ports.ts";
import { ipam } from "./ipam.ts";
import { leases } from "./leases.ts";
import { log } from "./log.ts";
import { masquerade } from "./masquerade.ts";
import { nodeAddresses } from "./node-addresses.ts";
import { nodeForwarding } from "./node-forwarding.ts";
import { nodeLinks } from "./node-links.ts";
import { nodeRoutes } from "./node-routes.ts";
import { random } from "./random.ts";
import { resolverFile } from "./resolver-file.ts";
import { shaping } from "./shaping.ts";
import { spoofGuard } from "./spoof-guard.ts";

/** Capabilities by the name of their WIT interface. */
export const CAPABILITIES = {
  "container-links": containerLinks,
  "container-addresses": containerAddresses,
  "container-routes": containerRoutes,
  "container-rules": containerRules,
  "container-link-attributes": containerLinkAttributes,
  "container-sysctls": containerSysctls,
  "node-links": nodeLinks,
  "node-addresses": nodeAddresses,
  "node-routes": nodeRoutes,
  "node-forwarding": nodeForwarding,
  masquerade,
  "forward-rules": forwardRules,
  "host-ports": hostPorts,
  shaping,
  conntrack,
  "spoof-guard": spoofGuard,
  leases,
  ipam,
  "resolver-file": resolverFile,
  log,
  clock,
  random,
} as const;

/** Name of a capability: that of its WIT interface. */
export type CapabilityName = keyof typeof CAPABILITIES;
type ScopeOf<C> = C extends Capability<infer S> ? S : never;
/** The scope of each capability. */
export type Scopes = { readonly [Name in CapabilityName]: ScopeOf<(typeof CAPABILITIES)[Name]> };

/** Names of every capability, in the order in which they are shown. */
export const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as CapabilityName[];

/** Tells whether a text is the name of a capability. */
export function isCapabilityName(name: string): name is CapabilityName {
  return Object.hasOwn(CAPABILITIES, name);
}

/** Gives a capability by name, with the type of its scope forgotten: for walking over all of them. */
export function capabilityOf(name: CapabilityName): Capability<unknown> {
  return CAPABILITIES[name] as Capability<unknown>;
}
