/**
 * @module The plugins of a network as the verbs see them that are about no container: each entry of the list, and its IPAM plugin.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import type { PluginConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";

/** Exports whose verbs a list calls; a plugin without them is an IPAM plugin that is executed by itself. */
const LIST_EXPORTS = ["attachment", "chained"] as const;

/** A plugin, and the entry of the list that it is called for. */
export interface NetworkMember {
  readonly configuration: PluginConfiguration;
  readonly type: string;
  /** `undefined`: it is not installed. */
  readonly plugin: InstalledPlugin | undefined;
  readonly role: "list" | "ipam";
}

/** Gives the plugin of an entry, and its IPAM plugin where it may call one. */
export function membersOf(
  configuration: PluginConfiguration,
  find: (type: string) => InstalledPlugin | undefined,
): readonly NetworkMember[] {
  const { type, ipamType } = configuration;
  const plugin = find(type);
  const isInList = plugin === undefined || LIST_EXPORTS.some((name) => plugin.exports.includes(name));
  const main: NetworkMember = { configuration, type, plugin, role: isInList ? "list" : "ipam" };
  if (ipamType === undefined || plugin === undefined || !isInList || !plugin.capabilities.includes("ipam"))
    return [main];
  return [main, { configuration, type: ipamType, plugin: find(ipamType), role: "ipam" }];
}

/**
 * Lists the exports of a member that have the verb `status`.
 * @throws {CniError} invalidNetworkConfig when an IPAM plugin gives no addresses.
 */
export function exportsWithStatus(
  { role, type }: NetworkMember,
  { exports }: InstalledPlugin,
): readonly ("addresses" | "network")[] {
  const network = exports.includes("network") ? (["network"] as const) : [];
  if (role === "list") return network;
  if (exports.includes("addresses")) return [...network, "addresses"];
  throw new CniError("invalidNetworkConfig", `plugin ${JSON.stringify(type)} gives no addresses: it cannot be "ipam"`);
}
