/**
 * @module GC of every network that is on record, once or every so often.
 */
import { existsSync } from "node:fs";
import type { GcAllRequest, Host } from "./api.ts";
import type { AttachmentKey, AttachmentRecord } from "./helper/protocol.ts";
import { CniError, isCniError } from "./spec/error.ts";

/** What GC of all networks needs of a host. */
type Collecting = Pick<Host, "attachments" | "gc">;

/**
 * Collects garbage in every network that an attachment is on record of, with the configuration that its newest attachment was added with. Goes
 * on after a failure.
 * @throws {CniError} the first failure, with the others in its details.
 */
export async function gcAll(host: Collecting, { valid, pluginDirs = [] }: GcAllRequest): Promise<void> {
  const records = await host.attachments();
  const failures: CniError[] = [];
  for (const [network, own] of Map.groupBy(records, (record) => record.network)) {
    const newest = own.toSorted((left, right) => right.createdAtMs - left.createdAtMs)[0];
    if (newest === undefined) continue;
    const kept = valid.filter((each) => each.network === undefined || each.network === network);
    try {
      await host.gc({ network: newest.configuration, valid: kept, pluginDirs });
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

/** Attachments whose namespace's path leads somewhere. */
export function withNamespace(records: readonly AttachmentRecord[]): readonly AttachmentKey[] {
  return records.filter(({ netns }) => existsSync(netns));
}

/** How a host collects garbage by itself. */
export interface PeriodicGc {
  /** From the end of one to the beginning of the next. */
  readonly intervalMs: number;
  /** Gives the attachments that are in use. @default those whose namespace is there */
  readonly valid?: () => Promise<GcAllRequest["valid"]>;
  /** Is told what went wrong. */
  readonly onFailure: (error: unknown) => void;
}

/** Collects every so often until it is disposed; keeps no process alive. */
export function startPeriodicGc(host: Collecting, { intervalMs, valid, onFailure }: PeriodicGc): Disposable {
  const known = valid ?? (async () => withNamespace(await host.attachments()));
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => void run(), intervalMs);
    timer.unref();
  };
  const run = async (): Promise<void> => {
    try {
      await gcAll(host, { valid: await known() });
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
