/**
 * @module Legacy executables in a chain: which types are, and their calls as plugins of the chain and as IPAM plugins of components.
 */

import type { Command } from "../../spec/environment.ts";
import { CniError } from "../../spec/error.ts";
import { formatIpPrefix } from "../../spec/ip.ts";
import type { AddressResult, AttachmentResult } from "../../spec/result.ts";
import { formatValidAttachments } from "../../spec/valid-attachments.ts";
import type { GuestVerb } from "../backend.ts";
import { findPlugin } from "../plugins.ts";
import type { Chain, LegacyRun, Step } from "../plugins.ts";
import { readLegacyAddresses, readLegacyResult } from "./answer.ts";
import { callLegacy } from "./call.ts";
import type { LegacyCall } from "./call.ts";
import { findExecutable } from "./find.ts";
import { legacyStdin } from "./request.ts";

/** What a plugin of the chain is asked. */
export type LegacyStep = Pick<Step, "configuration" | "verb" | "previousResult" | "valid">;

/**
 * Tells whether a type is served by an executable: none is installed and the operator allows it, or it took part in the ADD.
 * The type that a runtime calls by an executable of ours never is: that one would be found again.
 */
export function isLegacy({ begun, invocation }: Chain, type: string): boolean {
  if (findPlugin({ begun }, type) !== undefined || invocation.scope === type) return false;
  return begun.legacy.includes(type) || tookPart({ begun, invocation }, type);
}

/** Tells whether an executable of a type took part in the ADD that is to be checked or undone. */
export function tookPart({ begun, invocation }: Pick<Chain, "begun" | "invocation">, type: string): boolean {
  return invocation.verb !== "ADD" && begun.attachment !== null && begun.attachment.legacy.includes(type);
}

/**
 * Checks that an executable of a legacy type may be run and is there.
 * @throws {CniError} notPermitted when the operator took the allowance back; unknownPlugin when there is none.
 */
export function checkLegacy({ begun, invocation }: Chain, type: string): void {
  if (!begun.legacy.includes(type)) {
    throw new CniError("notPermitted", `the executable of type ${JSON.stringify(type)} is not allowed any more`, {
      details: `the attachment was made with it, and nobody else can undo what it made; allow it with: cnidaria legacy allow ${type}`,
    });
  }
  findExecutable(type, invocation.pluginDirs);
}

/**
 * Calls an executable as a plugin of the chain, or one of another type with that plugin's configuration. `undefined`: the verb has no result.
 * Throws as {@link checkLegacy} and `callLegacy` do.
 */
export async function callLegacyPlugin(
  chain: Chain,
  step: LegacyStep,
  type: string = step.configuration.type,
): Promise<AttachmentResult | undefined> {
  const { cniVersion } = chain.invocation.network;
  return run(chain, { ...step, type }, (answer, by) =>
    step.verb === "add" ? readLegacyResult(by, answer, cniVersion) : undefined,
  );
}

/** Calls an executable as the IPAM plugin of a component, whose whole configuration it gets. `undefined`: the verb has no result. */
export async function callLegacyIpam(
  chain: Chain,
  caller: Step,
  asked: { readonly type: string; readonly verb: GuestVerb },
): Promise<AddressResult | undefined> {
  const { cniVersion } = chain.invocation.network;
  const { configuration, previousResult, callId: parentCallId } = caller;
  return run(
    chain,
    { ...asked, configuration, previousResult, parentCallId },
    (answer, by) => (asked.verb === "add" ? readLegacyAddresses(by, answer, cniVersion) : undefined),
    (result) => (result?.ips ?? []).map(({ address }) => formatIpPrefix(address)),
  );
}

/** A call as the chain has it. */
interface ChainCall extends LegacyStep {
  readonly type: string;
  readonly parentCallId?: string;
}

/** Makes a call, and remembers that it was made. */
async function run<T extends AddressResult | AttachmentResult | undefined>(
  chain: Chain,
  { type, verb, configuration, previousResult, valid, parentCallId }: ChainCall,
  read: LegacyCall<T>["read"],
  addressesOf: (read: T) => readonly string[] = () => [],
): Promise<T> {
  const { backend, invocation, legacyRuns, calls } = chain;
  const { network, runtimeConfig, nowMicroseconds } = invocation;
  const extra = valid === undefined ? {} : formatValidAttachments(valid);
  const stdin = legacyStdin(network, { configuration, runtimeConfig, previousResult, extra });
  const made: LegacyRun = { type, verb, configuration, latestResult: previousResult, isDone: false };
  legacyRuns.push(made);
  checkLegacy(chain, type);
  const startedAt = nowMicroseconds();
  const command = verb.toUpperCase() as Command;
  const result = await callLegacy(
    { backend, invocation },
    { type, verb: command, stdin, parentCallId, read, addressesOf },
  );
  made.isDone = true;
  if (result !== undefined && "interfaces" in result) made.latestResult = result;
  const executable = Math.round(nowMicroseconds() - startedAt);
  calls.push({ type, verb, phasesMicroseconds: { executable }, operations: [], log: [] });
  return result;
}
