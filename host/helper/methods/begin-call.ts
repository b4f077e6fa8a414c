/**
 * @module `begin-call`: derives, once, what one call of one plugin is about, and opens it on a sandbox.
 */
import { hash } from "node:crypto";
import { decide } from "../../grants/decide.ts";
import type { CallFacts } from "../../grants/facts.ts";
import type { Grant } from "../../grants/grant.ts";
import { CniError } from "../../spec/error.ts";
import { readIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { parseJsonObject, readPointer } from "../../spec/json.ts";
import { foreignAddresses } from "../address-sources.ts";
import { tagOf } from "../ledger/tag.ts";
import { isMadeByOthers } from "../made-by-others.ts";
import { readGrant } from "../plugins.ts";
import type { BeginCall, Digest } from "../protocol.ts";
import { EXPORT_WITH_NAMESPACE } from "../sandbox-protocol.ts";
import type { SandboxSession } from "../sandbox-session.ts";
import type { HelperState, OpenCall, OpenOperation } from "../state.ts";
import { ProtocolViolation } from "../violation.ts";

/**
 * Opens a call.
 * @throws {ProtocolViolation} when the operation had a call of that id, or another one has.
 * @throws {CniError} helperFailed when operation or sandbox are not there, the sandbox is busy, or an earlier call of an ADD broke; notPermitted when the operation does not call that plugin.
 */
export function beginCall(state: HelperState, asked: BeginCall): Record<string, never> {
  const operation = state.operations.get(asked.operationId);
  if (operation === undefined)
    throw new CniError("helperFailed", `no operation ${JSON.stringify(asked.operationId)} is open`);
  // What a DEL does is right even then; an ADD is undone.
  if (operation.broken && operation.begun.verb === "ADD")
    throw new CniError("helperFailed", "a call of the operation could not be ended: no plugin is called any more");
  if (state.calls.has(asked.callId) || operation.callIds.has(asked.callId))
    throw new ProtocolViolation("begin-call with an id that was used");
  if ((asked.export === EXPORT_WITH_NAMESPACE) !== asked.containerHandle > 0)
    throw new ProtocolViolation("begin-call with a handle that does not go with its export");
  const sandbox = idleSandbox(state, asked);
  checkPlugin(operation, sandbox, asked);
  const parent = parentOf(state, operation, asked);
  const { network, containerId, ifname } = operation.key;
  const owner = { network, containerId, ifname, nodeNetnsCookie: state.node.cookie, digest: asked.digest };
  const { ownedNodeLinks, ownedContainerLinks } = ownedLinks(state, operation);
  const call: OpenCall = {
    id: asked.callId,
    operation,
    parent,
    type: asked.type,
    export: asked.export,
    sandbox,
    owner,
    tag: tagOf(owner),
    grant: presentGrant(state, asked.digest),
    containerHandle: asked.export === EXPORT_WITH_NAMESPACE ? asked.containerHandle : undefined,
    configurationDigest: hash(
      "sha256",
      [asked.configuration, asked.runtimeConfig, asked.previousResult ?? ""].join("\0"),
      "hex",
    ),
    startedAtMs: state.now(),
    facts: factsOf(state, operation, asked, { ownedNodeLinks, ownedContainerLinks }),
    ownedNodeLinks,
    ownedContainerLinks,
    madeLinks: new Map(),
    counts: new Map(),
    hostCalls: 0,
    refusals: [],
    timeline: [],
    trace: [],
    asyncKernelMicroseconds: 0,
    failure: undefined,
    over: Promise.withResolvers(),
    ended: false,
  };
  sandbox.call = call;
  state.calls.set(call.id, call);
  operation.callIds.add(call.id);
  return {};
}

function idleSandbox(state: HelperState, { sandboxId, digest }: BeginCall): SandboxSession {
  const sandbox = state.sandboxes.get(sandboxId);
  if (sandbox === undefined || sandbox.ended)
    throw new CniError("guestFailed", `sandbox ${JSON.stringify(sandboxId)} is not there any more`);
  if (sandbox.digest !== digest)
    throw new CniError("helperFailed", `sandbox ${JSON.stringify(sandboxId)} runs another component`);
  if (sandbox.call !== undefined) throw new CniError("helperFailed", `sandbox ${JSON.stringify(sandboxId)} is busy`);
  return sandbox;
}

/**
 * The operator's grant of this moment: another process may have changed it since the sandbox was started, and the narrower or wider one counts.
 * What the sandbox can ask at all stays what it was started with.
 * @throws {CniError} notPermitted when it was taken away.
 */
function presentGrant({ layout }: HelperState, digest: Digest): Grant {
  const grant = readGrant(layout, digest);
  if (grant !== undefined) return grant;
  throw new CniError("notPermitted", `the grant of ${digest} was taken away`);
}

/** The host decides which network a container gets, not which code serves a type. */
function checkPlugin(
  { digests }: OpenOperation,
  { grant }: SandboxSession,
  { type, digest, export: name }: BeginCall,
): void {
  if (!Object.hasOwn(digests, type) || digests[type] !== digest) {
    throw new CniError("notPermitted", `${digest} is not the component for ${JSON.stringify(type)} in this operation`);
  }
  if (!grant.exports.some((each) => each === name)) {
    throw new CniError(
      "notPermitted",
      `plugin ${JSON.stringify(type)} is not granted the export ${JSON.stringify(name)}`,
    );
  }
}

/**
 * Gives the call that asks for this one: a call of an IPAM plugin by a plugin that is granted it.
 * @throws {CniError} helperFailed when it is not open; notPermitted when its grant does not cover it.
 */
function parentOf(state: HelperState, operation: OpenOperation, asked: BeginCall): OpenCall | undefined {
  const { parentCallId: id, type } = asked;
  if (id === undefined) return undefined;
  const parent = state.calls.get(id);
  if (parent?.operation !== operation || parent.parent !== undefined)
    throw new CniError("helperFailed", `no call ${JSON.stringify(id)} that may ask is open in this operation`);
  const decision = decide(parent.grant, parent.facts, `ipam.${operation.begun.verb.toLowerCase()}`, [type]);
  if (decision.allowed && asked.export === "addresses") return parent;
  const reason = decision.allowed ? `${JSON.stringify(asked.export)} is no export for IPAM` : decision.reason;
  parent.refusals.push(reason);
  throw new CniError("notPermitted", `plugin ${JSON.stringify(parent.type)} may not call ${JSON.stringify(type)}`, {
    details: reason,
  });
}

/** Names of the links that the attachment made, on both sides; on DEL also the one that another program made for it. */
function ownedLinks(
  state: HelperState,
  { key, begun }: OpenOperation,
): { ownedNodeLinks: Set<string>; ownedContainerLinks: Set<string> } {
  const rows = state.ledger.owned({ attachment: key, kind: "veth", nodeNetnsCookie: state.node.cookie });
  const names = rows.map(({ undo }) => undo["container"]).filter((name) => typeof name === "string");
  const theirs = begun.verb === "DEL" && isMadeByOthers(state, key) ? [key.ifname] : [];
  return {
    ownedNodeLinks: new Set(rows.map((row) => row.key)),
    ownedContainerLinks: new Set([...names, ...theirs]),
  };
}

function factsOf(
  state: HelperState,
  operation: OpenOperation,
  asked: BeginCall,
  owned: Pick<CallFacts, "ownedNodeLinks" | "ownedContainerLinks">,
): CallFacts {
  const { key, begun } = operation;
  return {
    ...key,
    ...owned,
    verb: begun.verb,
    configuration: parseJsonObject(asked.configuration, "the request configuration"),
    runtimeConfig: parseJsonObject(asked.runtimeConfig === "" ? "{}" : asked.runtimeConfig, "the capability arguments"),
    givenAddresses:
      asked.previousResult === undefined ? [] : givenBy(state, operation, addressesIn(asked.previousResult)),
  };
}

/**
 * Leaves out what the plugins before it in an ADD answered and the attachment does not have: a plugin speaks for its addresses alone. Executables are
 * not confined, and what they answer is not judged. DEL and CHECK go by what ADD answered.
 */
function givenBy(state: HelperState, operation: OpenOperation, answered: readonly IpPrefix[]): readonly IpPrefix[] {
  if (operation.begun.verb !== "ADD" || operation.legacyMade.size > 0) return answered;
  const foreign = new Set(foreignAddresses(state, operation, answered));
  return answered.filter((each) => !foreign.has(each));
}

/** Reads the addresses of a result. Source: CNI SPEC 1.1.0, section 5, `ips`; 0.2.0, `ip4` and `ip6`. */
function addressesIn(result: string): readonly IpPrefix[] {
  const parsed = parseJsonObject(result, "the previous result");
  const texts = ["/ips/*/address", "/ip4/ip", "/ip6/ip"].flatMap((pointer) => readPointer(parsed, pointer));
  return texts
    .map((text) => (typeof text === "string" ? readIpPrefix(text) : undefined))
    .filter((prefix) => prefix !== undefined);
}
