/**
 * @module GC of every network that is on record, once or every so often.
 */
import type { GcAllRequest, GcRequest } from "./requests.ts";
import type { AttachmentRecord } from "./helper/protocol.ts";
import { attachmentsInUse } from "./in-use.ts";
import type { Known } from "./in-use.ts";
import { CniError, isCniError } from "./spec/error.ts";

/** What GC of all networks needs of a host. */
export interface Collecting extends Known {
  /** GC of one network. What is valid is asked for when no other verb is under way. */
  readonly collect: (request: Omit<GcRequest, "valid">, validOf: () => Promise<GcRequest["valid"]>) => Promise<void>;
}

/** Gives what is valid in a network, when no other verb is under way. */
type ValidIn = (network: string) => Promise<GcRequest["valid"]>;

/** Collects garbage in every network that an attachment is on record of. Throws as {@link collectAll} does. */
export function gcAll(host: Collecting, { valid, pluginDirs = [] }: GcAllRequest): Promise<void> {
  return collectAll(host, pluginDirs, async (network) => validFor(network, valid));
}

function validFor(network: string, valid: GcAllRequest["valid"]): GcRequest["valid"] {
  return valid.filter((each) => each.network === undefined || each.network === network);
}

/**
 * Collects with the configuration that the newest attachment of each network was added with. Goes on after a failure.
 * @throws {CniError} the first failure, with the others in its details.
 */
async function collectAll(host: Collecting, pluginDirs: readonly string[], validIn: ValidIn): Promise<void> {
  const records = await host.attachments();
  const failures: CniError[] = [];
  for (const [network, own] of Map.groupBy(records, (record) => record.network)) {
    const newest = own.toSorted((left, right) => right.createdAtMs - left.createdAtMs)[0];
    if (newest === undefined) continue;
    try {
      await host.collect({ network: newest.configuration, pluginDirs }, () => validIn(network));
    } catch (error) {
      if (!isCniError(error)) throw error;
      failures.push(error);
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  const details = [first.details ?? "", ...others.map(({ message }) => `also: ${message}`)].filter(
    (text) => text !== "",
  );
  throw new CniError(first.kind, first.message, { code: first.code, details: details.join("\n"), cause: first });
}

/** Collects what is not in use. Without anybody to ask, that is what has lost its namespace. */
async function collectUnused(host: Collecting, validOf: PeriodicGc["valid"]): Promise<void> {
  if (validOf === undefined) return collectAll(host, [], (network) => attachmentsInUse(host, network));
  const before = new Set((await host.attachments()).map(textOf));
  const valid = await validOf();
  // What was added since stays: whoever was asked did not know of it.
  return collectAll(host, [], async (network) => [
    ...validFor(network, valid),
    ...(await host.attachments({ network })).filter((record) => !before.has(textOf(record))),
  ]);
}

/** Of one ADD: a container that is added again is another one. */
function textOf({ network, containerId, ifname, scope, createdAtMs }: AttachmentRecord): string {
  return JSON.stringify([network, containerId, ifname, scope, createdAtMs]);
}

/** How a host collects garbage by itself. */
export interface PeriodicGc {
  /** From the end of one to the beginning of the next. */
  readonly intervalMs: number;
  /** Gives the attachments that are in use. @default what is known but attachments whose namespace is gone */
  readonly valid?: () => Promise<GcAllRequest["valid"]>;
  /** Is told what went wrong. */
  readonly onFailure: (error: unknown) => void;
}

/** Collects every so often until it is disposed; keeps no process alive. */
export function startPeriodicGc(host: Collecting, { intervalMs, valid, onFailure }: PeriodicGc): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => void run(), intervalMs);
    timer.unref();
  };
  const run = async (): Promise<void> => {
    try {
      await collectUnused(host, valid);
    } catch (error) {
      onFailure(error);
    }
    if (timer !== undefined) wait();
  };
  wait();
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
