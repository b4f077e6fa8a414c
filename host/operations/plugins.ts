/**
 * @module The plugins of a verb under way: which are there, and which version they speak.
 */

import { randomUUID } from "node:crypto";
import type { InstalledPlugin, LogLine, TimelineEntry } from "../helper/protocol.ts";
import type { PluginConfiguration } from "../spec/configuration.ts";
import { CniError, isCniError } from "../spec/error.ts";
import type { CniErrorKind } from "../spec/error.ts";
import type { AttachmentResult } from "../spec/result.ts";
import type { ValidAttachment } from "../spec/valid-attachments.ts";
import type { Backend, BegunVerb, CallBeginning, GuestVerb } from "./backend.ts";
import type { Invocation } from "./invocation.ts";

/** Why a plugin cannot be run at all. On DEL the helper's record of the attachment then does its work. */
const NOT_RUNNABLE: readonly CniErrorKind[] = ["unknownPlugin", "notPermitted", "componentRejected"];

/** One call, for the timeline. */
export interface CallReport {
  readonly type: string;
  readonly verb: GuestVerb;
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
  readonly operations: readonly TimelineEntry[];
  readonly log: readonly LogLine[];
}

/** A call of a legacy executable. */
export interface LegacyRun {
  readonly type: string;
  readonly verb: GuestVerb;
  /** Whose it was: for IPAM, that of the component that asked. */
  readonly configuration: PluginConfiguration;
  /** What is known of the attachment after it. */
  latestResult: AttachmentResult | undefined;
  isDone: boolean;
}

/** A verb under way. */
export interface Chain {
  readonly backend: Backend;
  readonly invocation: Invocation;
  readonly begun: BegunVerb;
  /** Calls that were begun with the verb and are still to be made. Shrinks. */
  readonly ahead: CallBeginning[];
  /** What was refused so far. Grows. */
  readonly refusals: string[];
  /** In the order in which they ended. Grows. */
  readonly calls: CallReport[];
  /** In the order in which they began. Grows. */
  readonly legacyRuns: LegacyRun[];
  /** Ends of calls that nothing waits for but the verb's end. Grows. */
  readonly closings: Promise<void>[];
}

/** One step of a chain. */
export interface Step {
  readonly callId: string;
  readonly configuration: PluginConfiguration;
  readonly plugin: InstalledPlugin;
  readonly verb: GuestVerb;
  readonly previousResult: AttachmentResult | undefined;
  /** Call that asks for this one, as its IPAM plugin; `undefined`: the chain itself. */
  readonly parentCallId: string | undefined;
  /** Whether the helper has to have ended the call before anything follows. @default false: the verb's end waits for it */
  readonly isEndAwaited?: boolean;
  /** Export that is called; `undefined`: the first of those with the verbs of an attachment. */
  readonly export?: "addresses" | "network";
  /** What `network.gc` is given. */
  readonly valid?: readonly ValidAttachment[];
}

/** Finds the plugin that a type names; `undefined`: it is not known. */
export type FindPlugin = (type: string) => InstalledPlugin | undefined;

/** Gives the id for a call: of the one that was begun ahead, or a new one. */
export function callIdFor({ ahead }: Pick<Chain, "ahead">, type: string, parentCallId: string | undefined): string {
  const begun = ahead.find((call) => call.plugin.type === type && call.parentCallId === parentCallId);
  return begun?.callId ?? randomUUID();
}

/** Gives a call that was begun ahead, once. */
export function takeAhead({ ahead }: Pick<Chain, "ahead">, callId: string): CallBeginning | undefined {
  const index = ahead.findIndex((call) => call.callId === callId);
  return index < 0 ? undefined : ahead.splice(index, 1)[0];
}

/** Gives the error for a type that is not installed. `executable`: path of one that the operator could allow. */
export function unknownPlugin(type: string, executable?: string): CniError {
  const other = executable === undefined ? "" : `; or let ${executable} run unconfined: cnidaria legacy allow ${type}`;
  return new CniError("unknownPlugin", `no plugin of type ${JSON.stringify(type)} is installed`, {
    details: `install it with: cnidaria install ${type}${other}`,
  });
}

/** Gives the installed plugin of a type; `undefined`: there is none. */
export function findPlugin({ begun }: Pick<Chain, "begun">, type: string): InstalledPlugin | undefined {
  return Object.hasOwn(begun.plugins, type) ? (begun.plugins[type] ?? undefined) : undefined;
}

/**
 * Gives the installed plugin of a type.
 * @throws {CniError} unknownPlugin when there is none.
 */
export function pluginOf(chain: Chain, type: string): InstalledPlugin {
  const plugin = findPlugin(chain, type);
  if (plugin === undefined) throw unknownPlugin(type);
  return plugin;
}

/** Checks that a plugin speaks a version. @throws {CniError} incompatibleCniVersion. */
export function checkVersion(plugin: InstalledPlugin, cniVersion: string): void {
  if (plugin.cniVersions.includes(cniVersion)) return;
  throw new CniError(
    "incompatibleCniVersion",
    `plugin ${JSON.stringify(plugin.type)} does not speak CNI version ${JSON.stringify(cniVersion)}`,
    {
      details: `it speaks ${plugin.cniVersions.join(", ")}`,
    },
  );
}

/** Tells whether DEL can do without a plugin: it cannot be run, and the helper has the attachment on record. */
export function isDispensable({ begun }: Chain, error: unknown): boolean {
  return begun.attachment !== null && isCniError(error) && NOT_RUNNABLE.includes(error.kind);
}
