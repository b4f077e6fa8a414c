/**
 * @module Ledgers in a folder of their own, and the owners that tests give.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openLedger } from "../../../host/helper/ledger/ledger.ts";
import type { Intent, Ledger, LedgerOptions, OperationRecord, Owner } from "../../../host/helper/ledger/records.ts";
import type { AttachmentRecord } from "../../../host/helper/protocol.ts";
import { parseIpAddress } from "../../../host/spec/ip.ts";

export const COOKIE = "4711";

/** A state directory with what a ledger and locks need; removed when the test ends. */
export function temporaryStateDir(): string {
  const stateDir = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  for (const folder of ["ledger", "calls", "locks"]) mkdirSync(join(stateDir, folder));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  return stateDir;
}

/** A ledger that is closed when the test ends. */
export function openTestLedger(stateDir: string = temporaryStateDir(), options: Partial<LedgerOptions> = {}): Ledger {
  const ledger = openLedger({ stateDir, nodeNetnsCookie: COOKIE, now: () => 1_000, ...options });
  onTestFinished(() => ledger.close());
  return ledger;
}

export function ownerOf(containerId: string, changes: Partial<Owner> = {}): Owner {
  return {
    nodeNetnsCookie: COOKIE,
    network: "pods",
    containerId,
    ifname: "eth0",
    digest: `sha256:${"a".repeat(64)}`,
    ...changes,
  };
}

export function intentOf(operationId: string, changes: Partial<Intent> = {}): Intent {
  return {
    operationId,
    callId: `${operationId}-1`,
    kind: "veth",
    key: "veth1",
    undo: { name: "veth1" },
    description: "veth veth1",
    ...changes,
  };
}

export function operationOf(id: string, containerId: string, changes: Partial<OperationRecord> = {}): OperationRecord {
  const { network, ifname } = ownerOf(containerId);
  return {
    id,
    nodeNetnsCookie: COOKIE,
    network,
    containerId,
    ifname,
    verb: "ADD",
    startedAtMs: 1,
    origin: "test",
    helperPid: process.pid,
    within: "",
    ...changes,
  };
}

export function attachmentOf(containerId: string, changes: Partial<AttachmentRecord> = {}): AttachmentRecord {
  const { network, ifname, digest } = ownerOf(containerId);
  return {
    network,
    containerId,
    ifname,
    scope: "",
    netns: `/run/netns/${containerId}`,
    cniVersion: "1.1.0",
    configuration: '{"name":"pods"}',
    args: [["IgnoreUnknown", "1"]],
    runtimeConfig: "{}",
    digests: { bridge: digest },
    legacy: [],
    result: '{"cniVersion":"1.1.0"}',
    createdAtMs: 7,
    ...changes,
  };
}

/** Ranges from texts such as `10.0.0.2-10.0.0.9`. */
export function rangesOf(
  ...texts: readonly string[]
): { first: ReturnType<typeof parseIpAddress>; last: ReturnType<typeof parseIpAddress> }[] {
  return texts.map((text) => {
    const [first = "", last = ""] = text.split("-");
    return { first: parseIpAddress(first), last: parseIpAddress(last) };
  });
}
