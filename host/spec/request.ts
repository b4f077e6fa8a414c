/**
 * @module What one plugin is handed: the request configuration, and the WIT record `request`.
 */

import type { CniArguments } from "./arguments.ts";
import type { NetworkConfiguration, PluginConfiguration } from "./configuration.ts";
import { CniError } from "./error.ts";
import { isJsonObject, readKey, withoutKeys } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { AttachmentResult } from "./result.ts";
import { parseRuntimeConfig } from "./runtime-config.ts";
import type { RuntimeConfig } from "./runtime-config.ts";

/** Prefix of keys that the protocol keeps for itself. Source: CNI SPEC 1.1.0, section 1, "Reserved keys". */
const RESERVED_PREFIX = "cni.dev/";
/** Where a request says which fields the operator's text has more than once: a plugin that reads JSON sees the last one alone. */
const DUPLICATES = "cnidaria.dev/duplicates";
/** Keys that are derived, and so not taken from the operator's object. */
const DERIVED = ["name", "cniVersion", "capabilities", "runtimeConfig", "prevResult", DUPLICATES];

/** The request configuration of one plugin, and the capability arguments in it. */
export interface RequestConfiguration {
  /** All fields of the operator's object; `name`, the selected `cniVersion`, `runtimeConfig` where there is any; which fields it has twice. */
  readonly configuration: JsonObject;
  /** Capability arguments that are both declared and supplied. */
  readonly runtimeConfig: JsonObject;
}

/** The WIT record `request`, as it is lowered. */
export interface Request {
  readonly cniVersion: string;
  readonly networkName: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string;
  readonly args: readonly { readonly name: string; readonly value: string }[];
  readonly runtimeConfig: RuntimeConfig;
  readonly configuration: string;
  readonly previousResult: AttachmentResult | undefined;
}

/** The WIT record `network-request`, as it is lowered. */
export interface NetworkRequest {
  readonly cniVersion: string;
  readonly networkName: string;
  readonly configuration: string;
}

/** What a request says besides its configuration. */
export interface RequestContext {
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string;
  readonly args: CniArguments;
  readonly previousResult: AttachmentResult | undefined;
}

/**
 * Derives the request configuration of one plugin. `prevResult` is handed over typed, beside it.
 * Source: CNI SPEC 1.1.0, section 3, "Deriving request configuration from plugin configuration".
 */
export function deriveRequestConfiguration(
  network: NetworkConfiguration,
  plugin: PluginConfiguration,
  capabilityArgs: JsonObject,
): RequestConfiguration {
  const kept = Object.entries(withoutKeys(plugin.object, DERIVED)).filter(([key]) => !key.startsWith(RESERVED_PREFIX));
  const duplicates = plugin.duplicates === undefined ? {} : { [DUPLICATES]: plugin.duplicates };
  const own = Object.fromEntries(kept);
  const base: JsonObject = { cniVersion: network.cniVersion, name: network.name, ...own, ...duplicates };
  const runtimeConfig = deriveRuntimeConfig(plugin, capabilityArgs);
  if (Object.keys(runtimeConfig).length === 0) return { configuration: base, runtimeConfig };
  return { configuration: { ...base, runtimeConfig }, runtimeConfig };
}

/**
 * Makes the WIT record `request`.
 * @throws {CniError} invalidNetworkConfig when a capability argument is not allowed.
 */
export function deriveRequest(
  network: NetworkConfiguration,
  derived: RequestConfiguration,
  context: RequestContext,
): Request {
  return {
    cniVersion: network.cniVersion,
    networkName: network.name,
    containerId: context.containerId,
    ifname: context.ifname,
    netns: context.netns,
    args: context.args.map(([name, value]) => ({ name, value })),
    runtimeConfig: parseRuntimeConfig(derived.runtimeConfig, network.name),
    configuration: JSON.stringify(derived.configuration),
    previousResult: context.previousResult,
  };
}

/** Makes the WIT record `network-request`. */
export function deriveNetworkRequest(network: NetworkConfiguration, derived: RequestConfiguration): NetworkRequest {
  return {
    cniVersion: network.cniVersion,
    networkName: network.name,
    configuration: JSON.stringify(derived.configuration),
  };
}

/**
 * Gives the previous result that a plugin's own object brings along: a runtime of the exec protocol puts it there. `undefined`: none, as
 * null is; an empty object is an empty result.
 * @throws {CniError} decodingFailure when it is no object.
 */
export function broughtPreviousResult(plugin: PluginConfiguration): JsonObject | undefined {
  const value = readKey(plugin.object, "prevResult");
  if (value === undefined || isJsonObject(value)) return value;
  throw new CniError("decodingFailure", '"prevResult" is not an object', { details: `got ${JSON.stringify(value)}` });
}

/** Source: CNI SPEC 1.1.0, section 3, "Deriving runtimeConfig". What the object brings along was derived by the runtime already. */
function deriveRuntimeConfig(plugin: PluginConfiguration, supplied: JsonObject): JsonObject {
  const brought = readKey(plugin.object, "runtimeConfig");
  const declared = plugin.capabilityArgs.flatMap((name) => {
    const value = Object.hasOwn(supplied, name) ? supplied[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...(isJsonObject(brought) ? brought : {}), ...Object.fromEntries(declared) };
}
