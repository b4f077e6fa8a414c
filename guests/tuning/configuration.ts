/**
 * @module Configuration of the plugin `tuning`.
 */
import type { MacAddress, Request } from "cnidaria:plugin/types@0.1.0";

import { cniArguments, readArguments } from "../sdk/arguments.ts";
import { type Bounds, type Fields, invalid, parseConfiguration, parseMac } from "../sdk/configuration.ts";

/** More, no link takes: the kernel counts in signed 32 bits. Source: `struct net_device`, linux/netdevice.h. */
const MTU: Bounds = { minimum: 0, maximum: 0x7fff_ffff };
/** Source: IFLA_TXQLEN, linux/if_link.h. */
const QUEUE_LENGTH: Bounds = { minimum: 0, maximum: 0xffff_ffff };
/** Stands for the container's link in the name of a setting. */
const OWN_LINK = "IFNAME";
/** Where the host lists the fields that the operator's text has more than once, as JSON pointers. Source: `host/spec/request.ts`. */
const DUPLICATES = "cnidaria.dev/duplicates";
const SETTINGS_AT = /^\/(?:args\/cni\/)?sysctl\//iu;

/** A setting that is asked for. */
export interface Setting {
  /** As the operator wrote it. */
  readonly key: string;
  /** As the contract has it. */
  readonly name: string;
  readonly value: string;
}

/** What a network's configuration and its runtime ask of one attachment; what is `undefined` stays as it is. */
export interface TuningConfiguration {
  readonly settings: readonly Setting[];
  readonly mac: MacAddress | undefined;
  /** False asks ADD for nothing, as in the reference plugin. */
  readonly promiscuous: boolean | undefined;
  readonly mtuBytes: number | undefined;
  readonly allMulticast: boolean | undefined;
  readonly transmitQueueLength: number | undefined;
}

/**
 * Reads what ADD and CHECK need. What `args.cni` has comes before the plugin's own fields.
 * @throws {PluginFailure} code 4 for CNI_ARGS, 6 for a field of another type, 7 for a value that cannot be meant.
 */
export function readTuningConfiguration(request: Request): TuningConfiguration {
  const fields = parseConfiguration(request.configuration);
  refuseDuplicates(fields);
  const args = cniArguments(fields);
  const sources = args === undefined ? [fields] : [args, fields];
  return {
    settings: readSettings(sources.toReversed(), request.ifname),
    mac: readMac(request, fields, args),
    promiscuous: firstOf(sources, (each) => readFlag(each, "promisc")),
    // 0 is the same as absent.
    mtuBytes: firstOf(sources, (each) => each.integer("mtu", MTU) || undefined),
    allMulticast: firstOf(sources, (each) => readFlag(each, "allmulti")),
    transmitQueueLength: firstOf(sources, (each) => each.integer("txQLen", QUEUE_LENGTH)),
  };
}

/** Reads every source, so that what is wrong is found also where it does not count. */
function firstOf<Value>(sources: readonly Fields[], read: (fields: Fields) => Value | undefined): Value | undefined {
  return sources.map(read).find((value) => value !== undefined);
}

function readFlag(fields: Fields, key: string): boolean | undefined {
  return fields.has(key) ? fields.flag(key) : undefined;
}

/** The plugin's own field, before that CNI_ARGS, before that the capability argument, before that `args.cni`. */
function readMac(request: Request, fields: Fields, args: Fields | undefined): MacAddress | undefined {
  const text = readArguments(request.args, ["MAC"]).get("MAC");
  const fromArguments = text === undefined ? undefined : parseMac("CNI_ARGS MAC", text);
  const own = fields.mac("mac");
  return args?.mac("mac") ?? request.runtimeConfig.mac ?? fromArguments ?? own;
}

/** Reads the settings of several sources; of a key that several have, the last one counts. */
function readSettings(sources: readonly Fields[], ifname: string): Setting[] {
  const values = new Map<string, string>();
  for (const [key, value] of sources.flatMap((source) => source.namedTexts("sysctl") ?? [])) values.set(key, value);
  return Array.from(values, ([key, value]) => ({ key, name: nameOf(key, ifname), value }));
}

/**
 * Refuses a setting that is there twice; the host says which fields are, since reading the text keeps the last one alone.
 * @throws {PluginFailure} code 7.
 */
function refuseDuplicates(fields: Fields): void {
  const twice = fields.texts(DUPLICATES)?.find((pointer) => SETTINGS_AT.test(pointer));
  if (twice !== undefined) invalid("sysctl", "each setting once", `duplicated ${twice}`);
}

/** Slashes separate as dots do; the first `IFNAME` is the container's link, whose dots are written as slashes. */
function nameOf(key: string, ifname: string): string {
  return key.replaceAll("/", ".").replace(OWN_LINK, () => ifname.replaceAll(".", "/"));
}
