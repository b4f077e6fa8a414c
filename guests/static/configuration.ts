/**
 * @module Configuration of the plugin `static`.
 */
import type { Dns, IpAddress, IpPrefix, Request, ResultRoute } from "cnidaria:plugin/types@0.1.0";

import { readArguments, type Requested, requestedAtRuntime, requestedInConfiguration } from "../sdk/arguments.ts";
import { type Fields, invalid, parseAddress, parseConfiguration, parsePrefix } from "../sdk/configuration.ts";
import { readDns } from "../sdk/dns.ts";
import { CODES, fail } from "../sdk/index.ts";
import { prefixContains } from "../sdk/ip.ts";
import { formatAddress } from "../sdk/ip-text.ts";
import { readRoutes } from "../sdk/routes.ts";
import { checkRoomForAddresses } from "../sdk/version.ts";

/** One address, with its gateway if it has one. */
export interface StaticAddress {
  readonly address: IpPrefix;
  readonly gateway: IpAddress | undefined;
}

/** What a network's configuration and its runtime give to one attachment. */
export interface StaticConfiguration {
  readonly addresses: readonly StaticAddress[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns | undefined;
}

/**
 * Reads the configuration. Addresses of the capability argument `ips` come instead of those of `args.cni.ips`, and these instead of
 * those of CNI_ARGS and the configuration, which come together.
 * @throws {PluginFailure} code 4 for CNI_ARGS, 6 for a field of another type, 7 for an address that is none; the message names where
 *   it was written.
 */
export function readStaticConfiguration(request: Request): StaticConfiguration {
  const fields = parseConfiguration(request.configuration);
  const ipam = fields.object("ipam") ?? fail(CODES.invalidNetworkConfig, "ipam: want an object, got none");
  const configured = [...configuredAddresses(ipam), ...argumentAddresses(request)];
  const inConfiguration = requestedInConfiguration(fields).map(withPrefix);
  const atRuntime = requestedAtRuntime(request.runtimeConfig.ips).map(withPrefix);
  const addresses = [atRuntime, inConfiguration].find((list) => list.length > 0) ?? configured;
  checkRoomForAddresses(
    request.cniVersion,
    addresses.map(({ address }) => address.address.tag),
  );
  return { addresses, routes: readRoutes(ipam), dns: readDns(ipam) };
}

function configuredAddresses(ipam: Fields): StaticAddress[] {
  return (ipam.objects("addresses") ?? []).map((entry) => ({
    address: entry.prefix("address") ?? invalid(entry.pathOf("address"), "an address with a prefix length", null),
    gateway: entry.address("gateway"),
  }));
}

/** Addresses of `IP`, each with the last gateway of `GATEWAY` that lies in its subnet. */
function argumentAddresses(request: Request): StaticAddress[] {
  const args = readArguments(request.args, ["IP", "GATEWAY"]);
  const prefixes = split(args.get("IP")).map((text) => parsePrefix("CNI_ARGS IP", text));
  const gateways = split(args.get("GATEWAY")).map((text) => parseAddress("CNI_ARGS GATEWAY", text));
  return prefixes.map((address) => ({
    address,
    gateway: gateways.findLast((gateway) => prefixContains(address, gateway)),
  }));
}

function split(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",").map((part) => part.trim());
}

function withPrefix({ source, address, prefixLength }: Requested): StaticAddress {
  if (prefixLength === undefined) return invalid(source, "an address with a prefix length", formatAddress(address));
  return { address: { address, prefixLength }, gateway: undefined };
}
