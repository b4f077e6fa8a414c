/**
 * @module Configuration of the plugin `host-local`.
 */
import type { Request, ResultRoute } from "cnidaria:plugin/types@0.1.0";

import {
  parseRequested,
  readArguments,
  type Requested,
  requestedAtRuntime,
  requestedInConfiguration,
} from "../sdk/arguments.ts";
import { type Fields, parseConfiguration } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { readRoutes } from "../sdk/routes.ts";
import { checkRoomForAddresses } from "../sdk/version.ts";
import { completeRangeSets, familyOf, type RangeSet, type RangeText } from "./ranges.ts";

/** What a network's configuration and its runtime ask of one attachment. */
export interface HostLocalConfiguration {
  /** The attachment gets one address of each. */
  readonly sets: readonly RangeSet[];
  readonly routes: readonly ResultRoute[];
  /** Path of a file with resolver settings; `undefined`: none. */
  readonly resolvConf: string | undefined;
  /** Addresses that are asked for, each once. */
  readonly requested: readonly Requested[];
}

/**
 * Reads the configuration.
 * @throws {PluginFailure} code 4 for CNI_ARGS, 6 for a field of another type, 7 for ranges that cannot be meant.
 */
export function readHostLocalConfiguration(request: Request): HostLocalConfiguration {
  const fields = parseConfiguration(request.configuration);
  const ipam = fields.object("ipam") ?? fail(CODES.invalidNetworkConfig, "ipam: want an object, got none");
  const texts = [...request.runtimeConfig.ipRanges.map(runtimeSet), ...legacySet(ipam), ...configuredSets(ipam)];
  if (texts.length === 0) fail(CODES.invalidNetworkConfig, "ipam: want a subnet or ranges, got neither");
  const sets = completeRangeSets(texts);
  checkRoomForAddresses(request.cniVersion, sets.map(familyOf));
  return {
    sets,
    routes: readRoutes(ipam),
    resolvConf: ipam.text("resolvConf"),
    requested: readRequested(request, fields),
  };
}

/** Keys of one range directly in `ipam`, as versions before range sets had them. */
function legacySet(ipam: Fields): RangeText[][] {
  return ipam.has("subnet") ? [[rangeText(ipam, "ipam")]] : [];
}

function configuredSets(ipam: Fields): RangeText[][] {
  const lists = ipam.objectLists("ranges") ?? [];
  return lists.map((list, set) => list.map((range, index) => rangeText(range, `ipam.ranges[${set}][${index}]`)));
}

function rangeText(range: Fields, source: string): RangeText {
  return {
    source,
    subnet: range.prefix("subnet"),
    rangeStart: range.address("rangeStart"),
    rangeEnd: range.address("rangeEnd"),
    gateway: range.address("gateway"),
  };
}

function runtimeSet(ranges: Request["runtimeConfig"]["ipRanges"][number], set: number): RangeText[] {
  return ranges.map(({ subnet, rangeStart, rangeEnd, gateway }, index) => {
    return { source: `runtimeConfig.ipRanges[${set}][${index}]`, subnet, rangeStart, rangeEnd, gateway };
  });
}

/** CNI_ARGS count only where neither other source has an address. Source: CNI CONVENTIONS, "ips"; the reference takes all three together. */
function readRequested(request: Request, fields: Fields): Requested[] {
  const text = readArguments(request.args, ["IP"]).get("IP");
  const given = [...requestedInConfiguration(fields), ...requestedAtRuntime(request.runtimeConfig.ips)];
  const all = given.length > 0 || text === undefined ? given : [parseRequested("CNI_ARGS IP", text)];
  return all.filter(({ address }, index) => all.findIndex((each) => addressesEqual(each.address, address)) === index);
}
