/**
 * @module What a network's configuration makes a plugin ask for and its grant does not cover: known before the first call. Pure.
 */

import { formatIpPrefix, prefixCovers } from "../spec/ip.ts";
import { uncoveredSettings } from "./capabilities/container-sysctls.ts";
import { CAPABILITY_NAMES } from "./capabilities/index.ts";
import type { CapabilityName } from "./capabilities/index.ts";
import type { CallFacts } from "./facts.ts";
import type { Capabilities } from "./grant.ts";
import { resolveName, resolveSubnets } from "./references.ts";
import type { NameReference, SubnetReference } from "./references.ts";

/** A value of the configuration that the plugin would be refused. */
export interface Uncovered {
  readonly capability: CapabilityName;
  /** Field of the capability's scope that would have to have it. */
  readonly field: string;
  /** The name, of a setting too, or the subnet as text. */
  readonly value: string;
}

/** Gives the references of one field of a scope; none where the capability is not there. */
type Field<Reference> = readonly [
  capability: CapabilityName,
  field: string,
  references: (capabilities: Capabilities) => readonly Reference[],
];

const NAMES: readonly Field<NameReference>[] = [
  ["node-links", "bridges", (of) => of["node-links"]?.bridges ?? []],
  ["node-links", "read", (of) => of["node-links"]?.read ?? []],
  ["node-addresses", "links", (of) => of["node-addresses"]?.links ?? []],
  ["resolver-file", "paths", (of) => of["resolver-file"]?.paths ?? []],
  ["ipam", "types", (of) => of.ipam?.types ?? []],
];
const SUBNETS: readonly Field<SubnetReference>[] = [["leases", "subnets", (of) => of.leases?.subnets ?? []]];

/**
 * Lists what the manifest's scopes come to in a configuration and the grant's do not. A plugin asks for what its manifest says; the
 * grant is equal or narrower.
 */
export function uncoveredValues(asked: Capabilities, granted: Capabilities, facts: CallFacts): readonly Uncovered[] {
  const names = NAMES.flatMap(([capability, field, references]) => {
    const allowed = new Set(references(granted).map((reference) => resolveName(reference, facts)));
    const wanted = new Set(references(asked).map((reference) => resolveName(reference, facts)));
    return [...wanted].flatMap((value) =>
      value === undefined || allowed.has(value) ? [] : [{ capability, field, value }],
    );
  });
  const subnets = SUBNETS.flatMap(([capability, field, references]) => {
    const allowed = resolveSubnets(references(granted), facts);
    return resolveSubnets(references(asked), facts)
      .filter((wanted) => !allowed.some((wide) => prefixCovers(wide, wanted)))
      .map((wanted) => ({ capability, field, value: formatIpPrefix(wanted) }));
  });
  const settings = uncoveredSettings(asked["container-sysctls"], granted["container-sysctls"], facts).map(
    (value) => ({ capability: "container-sysctls", field: "names", value }) as const,
  );
  return [...names, ...subnets, ...settings];
}

/** Lists the capabilities that the manifest asks for and the grant has not at all. */
export function ungrantedCapabilities(asked: Capabilities, granted: Capabilities): readonly CapabilityName[] {
  return CAPABILITY_NAMES.filter((name) => asked[name] !== undefined && granted[name] === undefined);
}
