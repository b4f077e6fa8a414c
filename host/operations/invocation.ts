/**
 * @module What a verb is asked, parsed: the edge of the operations.
 */

import { randomUUID } from "node:crypto";
import type { BeginOperation, Scope, Verb } from "../helper/protocol.ts";
import type { CniArguments } from "../spec/arguments.ts";
import { parseNetworkConfiguration } from "../spec/configuration.ts";
import type { NetworkConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";
import type { JsonObject } from "../spec/json.ts";
import type { ResultsCache } from "./results-cache/files.ts";
import { parseContainerId, parseIfName, parsePluginType } from "../spec/names.ts";

/** What comes from outside. */
export interface InvocationInput {
  /** JSON text of a configuration list, or its value. The configuration of one plugin is a list of one. */
  readonly network: unknown;
  readonly containerId: string;
  /** CNI_NETNS; `""` on DEL of a container whose namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  readonly args?: CniArguments;
  /** Capability arguments. */
  readonly runtimeConfig?: JsonObject;
  /** Plugin that is called whatever `"type"` says: an executable's own name. Only with the configuration of one plugin. */
  readonly type?: string;
  /** Who calls, for the log: such as `cli`. */
  readonly origin: string;
  /** A clock for durations. */
  readonly nowMicroseconds: () => number;
  /** Is told the id of the operation before anything is done. */
  readonly onBegin?: (operationId: string) => void;
  /** Ends the verb early: the plugin that runs is killed, and no other is called. */
  readonly signal?: AbortSignal;
  /** Where executables of legacy types are searched. @default [] */
  readonly pluginDirs?: readonly string[];
  /** TRACEPARENT, TRACESTATE, BAGGAGE, where there are any. */
  readonly trace?: Readonly<Record<string, string>>;
  /** Id of the living operation that this one is a part of. */
  readonly within?: string;
  /** CNI_NETNS_OVERRIDE. @default false */
  readonly netnsOverride?: boolean;
  /** How long a legacy executable may take. @default 2 minutes */
  readonly legacyDeadlineMs?: number;
  /** Files of attachments beside the ledger; only of lists. @default none */
  readonly cache?: ResultsCache;
  /** Is told what went wrong and did not keep the verb from its work. */
  readonly onWarning?: (message: string) => void;
}

/** A verb's request, parsed. */
export interface Invocation {
  readonly operationId: string;
  readonly verb: Verb;
  /** Type of the one plugin that is called by the exec protocol; `""`: a whole list. */
  readonly scope: Scope;
  readonly network: NetworkConfiguration;
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  readonly args: CniArguments;
  readonly runtimeConfig: JsonObject;
  readonly origin: string;
  readonly nowMicroseconds: () => number;
  readonly onBegin: (operationId: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly pluginDirs: readonly string[];
  readonly trace: Readonly<Record<string, string>>;
  readonly within: string | undefined;
  readonly netnsOverride: boolean;
  readonly legacyDeadlineMs: number | undefined;
  readonly cache: ResultsCache | undefined;
  readonly onWarning: (message: string) => void;
  readonly parseMicroseconds: number;
}

/**
 * Parses what a verb is asked.
 * @throws {CniError} invalidEnvironment, unknownContainer for the names; and as `parseNetworkConfiguration` does.
 */
export function parseInvocation(verb: Verb, input: InvocationInput): Invocation {
  const startedAt = input.nowMicroseconds();
  parseContainerId(input.containerId);
  parseIfName(input.ifname);
  if (input.netns === "" && verb !== "DEL")
    throw new CniError("invalidEnvironment", `CNI_NETNS is empty`, {
      details: `${verb} needs the container's namespace`,
    });
  return settleInvocation(input, { verb, network: parseNetwork(input), startedAt });
}

/** What comes from outside for a verb that is about a network and no container. */
export type NetworkInput = Omit<InvocationInput, "containerId" | "netns" | "ifname">;

/**
 * Parses what a verb is asked that is about a network: its names of a container are empty.
 * @throws {CniError} as `parseNetworkConfiguration` does.
 */
export function parseNetworkInvocation(verb: Verb, input: NetworkInput): Invocation {
  const startedAt = input.nowMicroseconds();
  const network = parseNetwork(input);
  const invocation = settleInvocation(
    { ...input, containerId: "", netns: "", ifname: "" },
    { verb, network, startedAt },
  );
  // STATUS waits for nobody.
  return verb === "STATUS" ? { ...invocation, within: undefined } : invocation;
}

function parseNetwork({ network, type }: Pick<InvocationInput, "network" | "type">): NetworkConfiguration {
  const parsed = parseNetworkConfiguration(network);
  return type === undefined ? parsed : calledAs(parsed, type);
}

interface Parsed {
  readonly verb: Verb;
  readonly network: NetworkConfiguration;
  readonly startedAt: number;
}

/** Fills in what was left out. */
function settleInvocation(input: InvocationInput, { verb, network, startedAt }: Parsed): Invocation {
  return {
    operationId: randomUUID(),
    verb,
    scope: input.type ?? "",
    network,
    containerId: input.containerId,
    netns: input.netns,
    ifname: input.ifname,
    args: input.args ?? [],
    runtimeConfig: input.runtimeConfig ?? {},
    origin: input.origin,
    nowMicroseconds: input.nowMicroseconds,
    onBegin: input.onBegin ?? (() => undefined),
    signal: input.signal,
    pluginDirs: input.pluginDirs ?? [],
    trace: input.trace ?? {},
    within: input.within,
    netnsOverride: input.netnsOverride ?? false,
    legacyDeadlineMs: input.legacyDeadlineMs,
    cache: input.type === undefined ? input.cache : undefined,
    onWarning: input.onWarning ?? (() => undefined),
    parseMicroseconds: Math.round(input.nowMicroseconds() - startedAt),
  };
}

/** Gives what the helper is told at the beginning of a verb. */
export function beginningOf(invocation: Invocation): BeginOperation {
  const { operationId, verb, scope, within, network, containerId, netns, ifname, args, runtimeConfig, origin } =
    invocation;
  return {
    operationId,
    verb,
    scope,
    within,
    network: network.name,
    containerId,
    ifname,
    netns,
    cniVersion: network.cniVersion,
    configuration: network.text,
    args,
    runtimeConfig: JSON.stringify(runtimeConfig),
    types: typesOf(network),
    origin,
  };
}

/** Lists the plugin types of a network, IPAM included, each once. */
export function typesOf(network: NetworkConfiguration): readonly string[] {
  return [
    ...new Set(network.plugins.flatMap(({ type, ipamType }) => (ipamType === undefined ? [type] : [type, ipamType]))),
  ];
}

/** Takes the one plugin of a configuration as another type: an IPAM plugin is executed with the configuration of its caller. */
function calledAs(network: NetworkConfiguration, type: string): NetworkConfiguration {
  const [plugin, ...rest] = network.plugins;
  if (plugin === undefined || rest.length > 0)
    throw new CniError("invalidNetworkConfig", "want the configuration of one plugin, not a list");
  return { ...network, plugins: [{ ...plugin, type: parsePluginType(type) }] };
}
