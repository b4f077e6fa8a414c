/**
 * @module Brings the helper's state up: directory, node's side, ledger, and what others left unfinished.
 */
import { readdirSync } from "node:fs";
import { Conntrack } from "../kernel/conntrack.ts";
import { Listeners } from "../kernel/listeners.ts";
import { Iptables } from "../kernel/iptables/iptables.ts";
import { openOwnNetns, warmThreadPool } from "../kernel/netns.ts";
import { Nftables } from "../kernel/nftables.ts";
import { Rtnetlink } from "../kernel/rtnetlink.ts";
import { Shaper } from "../kernel/shaping.ts";
import { CniError } from "../spec/error.ts";
import { formatIpAddress } from "../spec/ip.ts";
import { openLedger } from "./ledger/ledger.ts";
import type { Ledger } from "./ledger/records.ts";
import { recover } from "./ledger/recovery.ts";
import { setLedgerAside } from "./ledger/set-aside.ts";
import type { SetAside } from "./ledger/set-aside.ts";
import { removeDeadSockets } from "./server.ts";
import { openLocks } from "./locks.ts";
import { openStateDirectory } from "./state-directory.ts";
import { openHostLocalStore } from "./store-setting.ts";
import type { HelperState, NodeSide } from "./state.ts";
import { finishDeletions, undoRemains } from "./undo/remains.ts";

/** What the state is made of. */
export interface StartOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly now: () => number;
  /** See `openHostLocalStore`. */
  readonly hostLocalStore?: string | undefined;
  /** Whether to set a damaged ledger aside and make a new one. @default false */
  readonly isRebuilding?: boolean | undefined;
}

/**
 * Opens everything, and recovers what dead helpers of this node left.
 * @throws {CniError} stateUnusable, missingFeature.
 */
export async function openState(options: StartOptions): Promise<HelperState> {
  const { stateDir, version, now } = options;
  const directory = openStateDirectory(stateDir);
  const hostLocalStore = openHostLocalStore(directory, options.hostLocalStore);
  await warmThreadPool();
  const node = openNode();
  const { ledger: ledgerPath, runDir } = directory.layout;
  const aside = options.isRebuilding === true ? await setAside(ledgerPath, runDir, now()) : undefined;
  const ledger = openLedger({ stateDir: directory.path, nodeNetnsCookie: node.cookie, now, hostLocalStore });
  const state: HelperState = {
    version,
    layout: directory.layout,
    isolation: directory.isolation,
    now,
    ledger,
    locks: openLocks(directory.path),
    node,
    operations: new Map(),
    calls: new Map(),
    sandboxes: new Map(),
    beginnings: new Map(),
    rebuilding:
      aside === undefined
        ? undefined
        : {
            setAside: aside.path ?? null,
            restored: ledger.restore(aside.rows.filter(({ table }) => table !== "audit" && table !== "boots")),
            leftOut: 0,
            uptimes: new Set(),
          },
  };
  if (ledger.rebooted) ledger.reclaimAfterReboot();
  await recover(ledger, state.locks, (remains) => undoRemains(state, remains));
  await finishDeletions(state);
  reportConflicts(ledger);
  return state;
}

/**
 * Sets a damaged ledger aside.
 * @throws {CniError} stateUnusable when another helper lives, which may have it open.
 */
async function setAside(ledger: string, runDir: string, nowMs: number): Promise<SetAside> {
  await removeDeadSockets(runDir);
  const [other] = readdirSync(runDir).flatMap((name) => /^helper-(\d+)\.sock$/u.exec(name)?.[1] ?? []);
  if (other === undefined) return setLedgerAside(ledger, nowMs);
  throw new CniError("stateUnusable", `another helper, process ${other}, uses the ledger`, {
    details:
      "end the hosts that use the state directory first; a warm host of the shims ends by itself when it is idle",
  });
}

/** Gives the leases of a time without host-local's store their files there, and writes down whose address somebody else has in it. */
function reportConflicts(ledger: Ledger): void {
  for (const { network, containerId, ifname, address } of ledger.agreeWithStore()) {
    const data = { address: formatIpAddress(address), why: "somebody else has the address in host-local's store" };
    ledger.audit({ network, containerId, ifname, operationId: "", event: "conflict", data });
  }
  ledger.flush();
}

/** Opens the namespace that this process lives in. */
function openNode(): NodeSide {
  try {
    const netns = openOwnNetns();
    let nftables: Nftables | undefined;
    let iptables: Iptables | undefined;
    let conntrack: Conntrack | undefined;
    let listeners: Listeners | undefined;
    let shaper: Shaper | undefined;
    return {
      netns,
      cookie: netns.cookie.toString(),
      rtnetlink: Rtnetlink.open(netns),
      nftables: () => (nftables ??= Nftables.open(netns)),
      iptables: () => (iptables ??= new Iptables(netns)),
      conntrack: () => (conntrack ??= Conntrack.open(netns)),
      listeners: () => (listeners ??= Listeners.open(netns)),
      shaper: () => (shaper ??= Shaper.open(netns)),
    };
  } catch (cause) {
    throw new CniError("missingFeature", "the node's network cannot be opened", {
      details:
        cause instanceof Error ? `${cause.message}; want root, or a user namespace with its own network namespace` : "",
      cause,
    });
  }
}
