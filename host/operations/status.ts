/**
 * @module STATUS: whether ADD could be served now. Known without a plugin, as far as it can be: runtimes ask every few seconds.
 */

import { randomUUID } from "node:crypto";
import type { NetworkStatus, PluginStatus, ReadStatus } from "../helper/protocol.ts";
import { parseNetworkConfiguration } from "../spec/configuration.ts";
import type { NetworkConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";
import { readKey } from "../spec/json.ts";
import { deriveRequestConfiguration } from "../spec/request.ts";
import { asUnavailable } from "../spec/unavailable.ts";
import { VERB_SINCE, isAtLeast } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { callPlugin } from "./chain.ts";
import { endChain, endWithError, openChain } from "./ending.ts";
import type { OpenChain } from "./ending.ts";
import { parseNetworkInvocation, typesOf } from "./invocation.ts";
import type { Invocation, NetworkInput } from "./invocation.ts";
import type { KnownAnswers, Question } from "./known-answers.ts";
import { exportsWithStatus, membersOf } from "./network-members.ts";
import type { NetworkMember } from "./network-members.ts";
import { callLegacyPlugin } from "./legacy/chain.ts";
import { checkVersion, pluginOf } from "./plugins.ts";

/** Capabilities by which a plugin learns nothing that changes. */
const SILENT_CAPABILITIES: readonly string[] = ["log"];
/** Those by which it learns nothing that changes but the leases of its network, as far as STATUS goes. */
const LEASE_CAPABILITIES: readonly string[] = [...SILENT_CAPABILITIES, "leases", "resolver-file"];

/** Runs something with a helper, which is started where there is none. */
export type WithBackend = <T>(body: (backend: Backend) => Promise<T>) => Promise<T>;

/**
 * Tells whether ADD could be served: the plugins in order, until one could not. Below 1.1.0 there is no such verb, and nothing is looked at.
 * Source: CNI SPEC 1.1.0, section 2, "STATUS"; libcni `GetStatusNetworkList`.
 * @throws {CniError} pluginUnavailable when ADD cannot be served, pluginUnavailableDegraded when what containers rely on is gone as well;
 * pluginFailed with a plugin's own code; as `parseNetworkConfiguration` does.
 */
export async function status(withBackend: WithBackend, input: NetworkInput, known: KnownAnswers): Promise<void> {
  if (!isAtLeast(parseNetworkConfiguration(input.network).cniVersion, VERB_SINCE.STATUS)) return;
  try {
    await withBackend((backend) => judgeNetwork(backend, parseNetworkInvocation("STATUS", input), known));
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** A STATUS under way. */
interface Inquiry {
  readonly backend: Backend;
  readonly invocation: Invocation;
  readonly known: KnownAnswers;
  readonly facts: NetworkStatus;
  /** Begun when the first plugin has to be run, if one has. */
  chain: OpenChain | undefined;
}

async function judgeNetwork(backend: Backend, invocation: Invocation, known: KnownAnswers): Promise<void> {
  const { network } = invocation;
  const facts = await backend.readStatus(factsWanted(network));
  const inquiry: Inquiry = { backend, invocation, known, facts, chain: undefined };
  try {
    for (const configuration of network.plugins) {
      const find = (type: string) => statusOf(facts, type)?.plugin;
      for (const member of membersOf(configuration, find)) await judgeMember(inquiry, member);
    }
  } catch (error) {
    throw inquiry.chain === undefined ? error : await endWithError(inquiry.chain, error);
  }
  if (inquiry.chain !== undefined) await endChain(inquiry.chain, "ok");
}

/**
 * Capabilities that a network uses where it says so. Source: for `ipMasq` CNI SPEC 1.1.0, section 1, "Well-known keys"; `macspoofchk` is
 * the reference plugins' key.
 */
const SWITCHED = [
  { capability: "masquerade", key: "ipMasq" },
  { capability: "spoof-guard", key: "macspoofchk" },
] as const;

/** Gives what the helper is asked: the types, and what of their grants the network makes no use of. */
function factsWanted(network: NetworkConfiguration): ReadStatus {
  const isOn = (type: string, key: string): boolean =>
    network.plugins.some((plugin) => plugin.type === type && readKey(plugin.object, key) === true);
  const plugins = typesOf(network).map((type) => ({
    type,
    unused: SWITCHED.filter(({ key }) => !isOn(type, key)).map(({ capability }) => capability),
  }));
  return { network: network.name, plugins };
}

function statusOf({ plugins }: NetworkStatus, type: string): PluginStatus | undefined {
  return Object.hasOwn(plugins, type) ? (plugins[type] ?? undefined) : undefined;
}

/** Judges by what is known; asks the plugin where its answer is not. */
async function judgeMember(inquiry: Inquiry, member: NetworkMember): Promise<void> {
  const { network } = inquiry.invocation;
  const found = statusOf(inquiry.facts, member.type);
  if (found === undefined) return askExecutable(inquiry, member);
  checkVersion(found.plugin, network.cniVersion);
  judgeFacts(network, found);
  for (const name of exportsWithStatus(member, found.plugin)) {
    const question = questionOf(inquiry, { member, name, found });
    const answer = inquiry.known.find(question) ?? (await ask(inquiry, { member, name, question }));
    if (answer.error !== undefined) throw answer.error;
  }
}

/** Asks a plugin that is not installed, where the operator allows its executable. Its answer is never known: it sees everything. */
async function askExecutable(inquiry: Inquiry, { type, configuration }: NetworkMember): Promise<void> {
  const { backend, invocation, facts } = inquiry;
  // The type that a runtime calls by an executable of ours would be found again.
  if (!facts.legacy.includes(type) || invocation.scope === type) {
    throw new CniError("pluginUnavailable", `plugin ${JSON.stringify(type)} is not installed`, {
      details: `install it with: cnidaria install ${type}`,
    });
  }
  inquiry.chain ??= await openChain(backend, invocation);
  await callLegacyPlugin(inquiry.chain, { configuration, verb: "status", previousResult: undefined }, type);
}

/** What is lost comes first: it is the graver of the two. */
function judgeFacts({ name }: NetworkConfiguration, { plugin, lost, missing }: PluginStatus): void {
  if (lost.length > 0) {
    throw new CniError(
      "pluginUnavailableDegraded",
      `containers of network ${JSON.stringify(name)} may be degraded: ${lost.join("; ")}`,
      { details: "made by this host, and changed by somebody else since; DEL and ADD make it anew" },
    );
  }
  if (missing.length > 0) {
    throw new CniError(
      "pluginUnavailable",
      `plugin ${JSON.stringify(plugin.type)} cannot serve: the machine lacks ${missing.join("; ")}`,
    );
  }
}

function questionOf(
  { invocation, facts }: Inquiry,
  { member, name, found }: { readonly member: NetworkMember; readonly name: string; readonly found: PluginStatus },
): Question {
  const { plugin, grantedAt } = found;
  const { configuration } = deriveRequestConfiguration(invocation.network, member.configuration, {});
  const restsOn = (capabilities: readonly string[]): boolean =>
    plugin.capabilities.every((each) => capabilities.includes(each));
  const changing = restsOn(SILENT_CAPABILITIES) ? "" : restsOn(LEASE_CAPABILITIES) ? facts.leases : undefined;
  return {
    text: JSON.stringify([plugin.digest, name, configuration]),
    basis: changing === undefined ? undefined : `${grantedAt} ${JSON.stringify(plugin.limits)} ${changing}`,
  };
}

/** Runs the plugin. What it answered itself is kept; that it trapped, or took too long, is not. */
async function ask(
  inquiry: Inquiry,
  {
    member,
    name,
    question,
  }: { readonly member: NetworkMember; readonly name: "addresses" | "network"; readonly question: Question },
): Promise<{ readonly error: CniError | undefined }> {
  const { backend, invocation, known } = inquiry;
  const chain = (inquiry.chain ??= await openChain(backend, invocation));
  const conclusion = await callPlugin(chain, {
    callId: randomUUID(),
    configuration: member.configuration,
    plugin: pluginOf(chain, member.type),
    verb: "status",
    previousResult: undefined,
    parentCallId: undefined,
    isEndAwaited: true,
    export: name,
  });
  const answer = { error: conclusion.ok ? undefined : conclusion.error };
  if (conclusion.ok || conclusion.error.kind === "pluginFailed") known.keep(question, answer);
  return answer;
}
