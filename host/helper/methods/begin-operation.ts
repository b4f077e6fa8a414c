/**
 * @module `begin-operation`: takes the locks, opens the namespace, recovers what was left unfinished, chooses the plugins.
 */
import { CniError } from "../../spec/error.ts";
import { parseContainerId, parseIfName, parseNetworkName, parsePluginType } from "../../spec/names.ts";
import { openContainer } from "../container-side.ts";
import { recover } from "../ledger/recovery.ts";
import { isLegacyAllowed } from "../legacy-types.ts";
import type { HeldLock } from "../locks.ts";
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

/** How long a recovery by another helper is waited for, in ms. */
const RECOVERY_WAIT_MS = 2000;
const RECOVERY_POLL_MS = 5;

/**
 * Begins one verb.
 * @throws {ProtocolViolation} when the operation's id is in use.
 * @throws {CniError} tryAgainLater when another verb for the container is under way; invalidNetns, invalidEnvironment, stateUnusable.
 */
export async function beginOperation(state: HelperState, begun: BeginOperation): Promise<BegunOperation> {
  checkNames(begun);
  const { network, containerId, ifname } = begun;
  const key: AttachmentKey = { network, containerId, ifname };
  const id = begun.operationId;
  if (state.operations.has(id)) throw usedId();
  const locks = takeLocks(state, id, containerId);
  let container: ContainerSide | undefined;
  try {
    if (containerId !== "") await recoverContainer(state, containerId);
    container = openContainer(state, { key, verb: begun.verb, netns: begun.netns });
    const attachment = state.ledger.attachments.get(key);
    const { plugins, legacy } = choosePlugins(state, begun, attachment);
    const digests = Object.fromEntries(
      Object.entries(plugins).flatMap(([type, plugin]) => (plugin === null ? [] : [[type, plugin.digest]])),
    );
    const operation: OpenOperation = {
      id,
      key,
      begun,
      container,
      attachment,
      digests,
      legacy,
      legacyMade: new Set(),
      locks,
      startedAtMs: state.now(),
      callIds: new Set(),
      bridges: new Map(),
      deletions: [],
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

/** STATUS is about no container: its names are empty. */
function checkNames({ verb, network, containerId, ifname, types }: BeginOperation): void {
  parseNetworkName(network);
  for (const type of types) parsePluginType(type);
  if (verb === "STATUS" && containerId === "") return;
  parseContainerId(containerId);
  parseIfName(ifname);
}

/** Another operation has it, or had it and is not recovered: a UUID is no other's by chance. */
function usedId(): ProtocolViolation {
  return new ProtocolViolation("begin-operation with an id that was used");
}

function takeLocks(state: HelperState, id: string, containerId: string): HeldLock[] {
  const container = containerId === "" ? undefined : state.locks.container(containerId);
  if (containerId !== "" && container === undefined) {
    throw new CniError("tryAgainLater", `another operation for container ${JSON.stringify(containerId)} is under way`);
  }
  const own = state.locks.operation(id);
  if (own === undefined) {
    container?.release();
    throw usedId();
  }
  return container === undefined ? [own] : [own, container];
}

/** Undoes what dead helpers left of this container's operations; waits where another helper is at it. */
async function recoverContainer(state: HelperState, containerId: string): Promise<void> {
  const deadline = performance.now() + RECOVERY_WAIT_MS;
  const isUnfinished = (): boolean =>
    state.ledger.unfinishedOperations().some((operation) => operation.containerId === containerId);
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

/**
 * Gives the plugin for each type: on DEL and CHECK the one that ADD used, otherwise the installed one; and the types that are legacy:
 * with neither, or with an executable that ADD used.
 */
function choosePlugins(
  state: HelperState,
  begun: BeginOperation,
  recorded: AttachmentRecord | undefined,
): Pick<BegunOperation, "plugins" | "legacy"> {
  const attachment = begun.verb === "DEL" || begun.verb === "CHECK" ? recorded : undefined;
  const choose = (type: string): InstalledPlugin | null => {
    if (attachment?.legacy.includes(type) === true) return null;
    const pinned =
      attachment !== undefined && Object.hasOwn(attachment.digests, type) ? attachment.digests[type] : undefined;
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
function writeBeginning({ ledger, node, now }: HelperState, { id, key, begun, container }: OpenOperation): void {
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
    });
    if (verb === "ADD" && container !== undefined) {
      const owner = { ...key, nodeNetnsCookie: node.cookie, digest: NO_PLUGIN };
      const cookie = container.netns.cookie.toString();
      const description = `namespace ${container.path}`;
      ledger.intent(owner, {
        operationId: id,
        callId: "",
        kind: "namespace",
        key: cookie,
        undo: {},
        description,
        isDone: true,
      });
    }
    const { netns, cniVersion, types } = begun;
    ledger.audit({ ...key, operationId: id, event: "begin", data: { verb, origin, netns, cniVersion, types } });
  });
}
