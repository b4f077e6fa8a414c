/**
 * @module Checks what one plugin's configuration makes it ask for against what it is granted.
 */

import type { CallFacts } from "../../grants/facts.ts";
import { uncoveredValues, ungrantedCapabilities } from "../../grants/uncovered.ts";
import { deriveRequestConfiguration } from "../../spec/request.ts";
import type { OwnParts, OwnProblem, ServedBy } from "./parts.ts";

/** Checks the grants of the plugin and of its IPAM plugin. */
export function checkCapabilities(own: OwnParts): readonly OwnProblem[] {
  const facts = factsOf(own);
  const { type, ipamType } = own.configuration;
  const ignored: readonly OwnProblem[] =
    own.ipam !== undefined || ipamType === undefined
      ? []
      : [{ type, severity: "warning", message: "it calls no IPAM plugin", fix: 'remove "ipam", which is ignored' }];
  const ofIpam = own.ipam === undefined || ipamType === undefined ? [] : checkGrant(own.ipam, ipamType, facts);
  return [...checkGrant(own.main, type, facts), ...ignored, ...ofIpam];
}

function checkGrant(by: ServedBy, type: string, facts: CallFacts): readonly OwnProblem[] {
  if (by.kind !== "component") return [];
  const { manifest, granted } = by;
  const uncovered = uncoveredValues(manifest.capabilities, granted, facts);
  const refused = new Set(uncovered.map(({ capability }) => capability));
  return [
    ...uncovered.map(({ capability, field, value }) => ({
      type,
      severity: "error" as const,
      message: `it is not granted ${capability} with ${JSON.stringify(value)}`,
      fix: `install it again with a grant that has ${JSON.stringify(value)} in ${capability}, ${JSON.stringify(field)}, or change the configuration`,
    })),
    ...ungrantedCapabilities(manifest.capabilities, granted)
      .filter((capability) => !refused.has(capability))
      .map((capability) => ({
        type,
        severity: "warning" as const,
        message: `it asks for ${capability}, which is not granted: what needs it is refused`,
        fix: `install it again with a grant of ${capability} where this network needs it`,
      })),
  ];
}

/** The facts of an ADD of which nothing but the configuration is known. */
function factsOf({ network, configuration }: OwnParts): CallFacts {
  return {
    verb: "ADD",
    network: network.name,
    containerId: "",
    ifname: "",
    configuration: deriveRequestConfiguration(network, configuration, {}).configuration,
    runtimeConfig: {},
    givenAddresses: [],
    ownedNodeLinks: new Set(),
    ownedContainerLinks: new Set(),
  };
}
