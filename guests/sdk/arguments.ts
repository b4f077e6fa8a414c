/**
 * @module What a runtime asks for beside the configuration: CNI_ARGS, `args.cni` in the configuration, and capability arguments.
 */
import type { Argument, RequestedAddress } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid, parseMac, quote } from "./configuration.ts";
import { CODES, fail } from "./errors.ts";
import { readAddress, readPrefix } from "./ip-text.ts";
import type { MacAddress } from "./mac.ts";

/** Texts that a boolean of CNI_ARGS can be, in lower case. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
]);

/**
 * Reads CNI_ARGS. Names are case-sensitive and the last of a name counts; an empty value is absent. `known`: the names that the
 * plugin reads.
 * @throws {PluginFailure} code 4 when there is another name and `IgnoreUnknown` does not allow it, or `IgnoreUnknown` is no boolean.
 */
export function readArguments(args: readonly Argument[], known: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const unknown: string[] = [];
  let ignoreUnknown = false;
  for (const { name, value } of args) {
    if (name === "IgnoreUnknown") ignoreUnknown = readBoolean(value);
    else if (!known.includes(name)) unknown.push(`${name}=${value}`);
    else if (value === "") values.delete(name);
    else values.set(name, value);
  }
  if (unknown.length > 0 && !ignoreUnknown)
    fail(CODES.invalidEnvironment, `CNI_ARGS: unknown arguments ${quote(unknown)}`);
  return values;
}

/** Gives the object `args.cni` of the configuration; `undefined` when there is none. */
export function cniArguments(configuration: Fields): Fields | undefined {
  return configuration.object("args")?.object("cni");
}

/** Where a hardware address may be asked for. */
export interface MacSources {
  /** CNI_ARGS, as {@link readArguments} gives them. */
  readonly args: ReadonlyMap<string, string>;
  readonly configuration: Fields;
  /** The capability argument `mac`. */
  readonly runtimeConfigMac: MacAddress | undefined;
}

/**
 * Chooses the hardware address that is asked for: the capability argument before `args.cni.mac` before `MAC` of CNI_ARGS. `undefined`:
 * none is.
 * @throws {PluginFailure} code 7 when one of the texts is none, whichever is chosen.
 */
export function chooseMac(sources: MacSources): MacAddress | undefined {
  const text = sources.args.get("MAC");
  const fromArgs = text === undefined ? undefined : parseMac("CNI_ARGS MAC", text);
  const fromConfiguration = cniArguments(sources.configuration)?.mac("mac");
  return sources.runtimeConfigMac ?? fromConfiguration ?? fromArgs;
}

/** An address that is asked for, and where. */
export interface Requested extends RequestedAddress {
  /** Where it was written, such as `args.cni.ips[0]`. */
  readonly source: string;
}

/**
 * Parses an address that is asked for, with or without the length of its prefix.
 * @throws {PluginFailure} code 7, naming the source.
 */
export function parseRequested(source: string, text: string): Requested {
  const prefix = readPrefix(text);
  if (prefix !== undefined) return { source, ...prefix };
  const address = readAddress(text) ?? invalid(source, "an address, with or without a prefix length", text);
  return { source, address, prefixLength: undefined };
}

/**
 * Gives the addresses that `args.cni.ips` of the configuration asks for; empty when there are none.
 * @throws {PluginFailure} code 6 or 7, naming the entry.
 */
export function requestedInConfiguration(configuration: Fields): Requested[] {
  const texts = cniArguments(configuration)?.texts("ips") ?? [];
  return texts.map((text, index) => parseRequested(`args.cni.ips[${index}]`, text));
}

/** Gives the addresses of the capability argument `ips`, with where they came from. */
export function requestedAtRuntime(ips: readonly RequestedAddress[]): Requested[] {
  return ips.map((requested, index) => ({ source: `runtimeConfig.ips[${index}]`, ...requested }));
}

function readBoolean(text: string): boolean {
  const value = BOOLEANS.get(text.toLowerCase());
  return (
    value ?? fail(CODES.invalidEnvironment, `CNI_ARGS IgnoreUnknown: want 1, true, 0 or false, got ${quote(text)}`)
  );
}
