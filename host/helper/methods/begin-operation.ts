/**
 * @module `begin-operation`: takes the locks, opens the namespace, recovers what was left unfinished, chooses the plugins.
 */
import { CniError } from "../../spec/error.ts";
import { parseContainerId, parseIfName, parseNetworkName, parsePluginType } from "../../spec/names.ts";
import { openContainer } from "../container-side.ts";
import type { OperationRecord } from "../ledger/records.ts";
import { recover } from "../ledger/recovery.ts";
import { isLegacyAllowed } from "../legacy-types.ts";
import { describePlugin, readGrant, readType } from "../plugins.ts";
import type {
  AttachmentKey,
  AttachmentRecord,
  BeginOperation,
  BegunOperation,
  Digest,
  InstalledPlugin,
} from "../protocol.ts";
import { NO_PLUGIN } from "../state.ts";
import type { ContainerSide, HelperState, OpenOperation } from "../state.ts";
import { undoRemains } from "../undo/remains.ts";
import { ProtocolViolation } from "../violation.ts";
import { chooseRecord, isPartOfAdd, pinnedBy } from "./attachment-records.ts";
import { takeLocks } from "./operation-locks.ts";

/** How long a recovery by another helper is waited for, in ms. */
const RECOVERY_WAIT_MS = 2000;
const RECOVERY_POLL_MS = 5;

/**
 * Begins one verb.
 * @throws {ProtocolViolation} when the operation's id is in use.
 * @throws {CniError} tryAgainLater when another verb for the container stays under way, or a GC, or for a GC any verb; invalidNetns, invalidEnvironment, stateUnusable.
 */
export async function beginOperation(state: HelperState, begun: BeginOperation): Promise<BegunOperation> {
  checkNames(begun);
  const { network, containerId, ifname } = begun;
  const key: AttachmentKey = { network, containerId, ifname };
  const id = begun.operationId;
  if (state.operations.has(id)) throw new ProtocolViolation("begin-operation with an id that was used");
  const { locks, outer } = await takeLocks(state, begun);
  let container: ContainerSide | undefined;
  try {
    if (containerId !== "") await recoverContainer(state, begun);
    container = openContainer(state, { key, verb: begun.verb, netns: begun.netns });
    const records = containerId === "" ? [] : state.ledger.attachments.scopesOf(key);
    const attachment = chooseRecord(begun, records);
    const { plugins, legacy } = choosePlugins(state, begun, records);
    const digests = Object.fromEntries(
      Object.entries(plugins).flatMap(([type, plugin]) => (plugin === null ? [] : [[type, plugin.digest]])),
    );
    const operation: OpenOperation = {
      id,
      key,
      begun,
      outer,
      container,
      records,
      attachment,
      givesAddresses: Object.values(plugins).some((plugin) => plugin?.exports.includes("addresses")),
      digests,
      legacy,
      legacyMade: new Set(),
      locks,
      startedAtMs: laterThan(records, state.now()),
      callIds: new Set(),
      bridges: new Map(),
      veths: new Map(),
      deletions: [],
      forgettings: [],
      broken: false,
    };
    writeBeginning(state, operation);
    state.operations.set(id, operation);
    return { plugins, legacy, attachment: attachment ?? null, namespacePresent: container !== undefined };
  } catch (error) {
    container?.[Symbol.dispose]();
    for (const lock of locks) lock.release();
    throw error;
  }
}

/** Gives now, or, when the clock was set back, a moment after the records that are there: their times say in which order they were made. */
function laterThan(records: readonly AttachmentRecord[], nowMs: number): number {
  return Math.max(nowMs, ...records.map(({ createdAtMs }) => createdAtMs + 1));
}

/** STATUS and GC are about no container: their names are empty. */
function checkNames({ verb, scope, network, containerId, ifname, types }: BeginOperation): void {
  parseNetworkName(network);
  for (const type of types) parsePluginType(type);
  if (scope !== "") parsePluginType(scope);
  if ((verb === "STATUS" || verb === "GC") && containerId === "" && ifname === "") return;
  if (verb === "GC") throw new CniError("invalidEnvironment", "GC is about no container: want empty names");
  parseContainerId(containerId);
  parseIfName(ifname);
}

/** Undoes what dead helpers left of this container's operations; waits where another helper is at it. */
async function recoverContainer(state: HelperState, { containerId, within }: BeginOperation): Promise<void> {
  const deadline = performance.now() + RECOVERY_WAIT_MS;
  const unfinished = (): OperationRecord[] =>
    state.ledger.unfinishedOperations().filter((operation) => operation.containerId === containerId);
  const isUnfinished = (): boolean => {
    const found = unfinished();
    return found.length > 0 && (within === undefined || found.some(({ id }) => !isPartOfSame(state, id, within)));
  };
  while (isUnfinished()) {
    await recover(state.ledger, state.locks, (remains) => undoRemains(state, remains), { containerId });
    if (!isUnfinished()) return;
    if (performance.now() > deadline) {
      throw new CniError(
        "tryAgainLater",
        `another helper recovers an operation for container ${JSON.stringify(containerId)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RECOVERY_POLL_MS));
  }
}

/** Tells whether two operations are parts of the same one, or one of the other: neither waits for the other's end. */
function isPartOfSame(state: HelperState, id: string, other: string): boolean {
  return outermostOf(state, id) === outermostOf(state, other);
}

function outermostOf(state: HelperState, id: string): string {
  const within = state.ledger.readOperation(id)?.within ?? "";
  return within === "" ? id : outermostOf(state, within);
}

/**
 * Gives the plugin for each type: on DEL and CHECK the one that ADD used, otherwise the installed one; and the types that are legacy:
 * with neither, or with an executable that ADD used.
 */
function choosePlugins(
  state: HelperState,
  begun: BeginOperation,
  records: readonly AttachmentRecord[],
): Pick<BegunOperation, "plugins" | "legacy"> {
  const choose = (type: string): InstalledPlugin | null => {
    const pinned = pinnedBy(begun, records, type);
    if (pinned === "legacy") return null;
    for (const digest of [pinned, readType(state.layout, type)] satisfies (Digest | undefined)[]) {
      const grant = digest === undefined ? undefined : readGrant(state.layout, digest);
      if (grant !== undefined) return describePlugin(type, grant);
    }
    return null;
  };
  const types = [...new Set(begun.types)];
  const plugins = Object.fromEntries(types.map((type) => [type, choose(type)]));
  return { plugins, legacy: types.filter((type) => plugins[type] === null && isLegacyAllowed(state.layout, type)) };
}

/** Writes that the operation lives, and on ADD which namespace the attachment holds. */
function writeBeginning({ ledger, node, now }: HelperState, operation: OpenOperation): void {
  const { id, key, begun, container } = operation;
  const { verb, origin } = begun;
  ledger.transaction(() => {
    ledger.openOperation({
      ...key,
      id,
      nodeNetnsCookie: node.cookie,
      verb,
      startedAtMs: now(),
      origin,
      helperPid: process.pid,
      within: begun.within ?? "",
    });
    // The ADD that it is part of has it already.
    if (verb === "ADD" && container !== undefined && !isPartOfAdd(operation)) {
      const owner = { ...key, nodeNetnsCookie: node.cookie, digest: NO_PLUGIN };
      const cookie = container.netns.cookie.toString();
      const description = `namespace ${container.path}`;
      ledger.intent(owner, {
        operationId: id,
        callId: "",
        kind: "namespace",
        key: cookie,
        undo: { path: container.path },
        description,
        isDone: true,
      });
    }
    const { netns, cniVersion, types, scope, within } = begun;
    const data = {
      verb,
      origin,
      netns,
      cniVersion,
      types,
      ...(scope === "" ? {} : { scope }),
      ...(within === undefined ? {} : { within }),
    };
    ledger.audit({ ...key, operationId: id, event: "begin", data });
  });
}
