/**
 * @module Opens the namespace of a container, and refuses those that are not one.
 */
import { statSync } from "node:fs";
import { NetnsError, openNetns } from "../kernel/netns.ts";
import type { Netns } from "../kernel/netns.ts";
import { Rtnetlink } from "../kernel/rtnetlink.ts";
import { CniError } from "../spec/error.ts";
import type { AttachmentKey, Verb } from "./protocol.ts";
import type { ContainerSide, HelperState } from "./state.ts";

/** Which container, for which verb. */
export interface ContainerRequest {
  readonly key: AttachmentKey;
  readonly verb: Verb;
  /** Path of the namespace; `""`: none. */
  readonly netns: string;
}

/**
 * Opens the container's namespace. On DEL one that is missing, or by now somebody else's, is taken as gone: `undefined`.
 * Does not trust: the path may lead anywhere.
 * @throws {CniError} invalidNetns when it is missing, no network namespace, the node's own, a sandbox's, another container's, or on CHECK another
 * one than the container was added with: inode numbers and paths are given again.
 */
export function openContainer(state: HelperState, request: ContainerRequest): ContainerSide | undefined {
  const { verb, netns: path } = request;
  if (verb === "STATUS" || verb === "GC" || (verb === "DEL" && path === "")) return undefined;
  const netns = openPath(path, verb);
  if (netns === undefined) return undefined;
  try {
    const reason = refusal(state, request, netns);
    if (reason === undefined) return openSide(path, netns);
    netns[Symbol.dispose]();
    if (verb === "DEL") return undefined;
    throw new CniError("invalidNetns", `CNI_NETNS ${JSON.stringify(path)} ${reason}`);
  } catch (error) {
    if (!(error instanceof CniError)) netns[Symbol.dispose]();
    throw error;
  }
}

function openSide(path: string, netns: Netns): ContainerSide {
  const rtnetlink = Rtnetlink.open(netns);
  return {
    path,
    netns,
    rtnetlink,
    [Symbol.dispose]: () => {
      rtnetlink[Symbol.dispose]();
      netns[Symbol.dispose]();
    },
  };
}

function openPath(path: string, verb: Verb): Netns | undefined {
  try {
    return openNetns(path);
  } catch (cause) {
    if (!(cause instanceof NetnsError)) throw cause;
    if (verb === "DEL") return undefined;
    const what = cause.reason === "missing" ? "is not there" : "is not a network namespace";
    throw new CniError("invalidNetns", `CNI_NETNS ${JSON.stringify(path)} ${what}`, { cause });
  }
}

/** Gives why a namespace may not be worked in; `undefined`: it may. */
function refusal(state: HelperState, { key, verb }: ContainerRequest, netns: Netns): string | undefined {
  const cookie = netns.cookie.toString();
  if (cookie === state.node.cookie) return "is the node's own network namespace";
  if (isSandboxes(state, netns)) return "is the network namespace of a sandbox";
  const holder = state.ledger
    .owned({ kind: "namespace", key: cookie, nodeNetnsCookie: state.node.cookie })
    .find((row) => row.containerId !== key.containerId);
  if (holder !== undefined) return `is held by container ${JSON.stringify(holder.containerId)}`;
  if (verb !== "DEL" && verb !== "CHECK") return undefined;
  // More than one: it was added again, in another namespace, without a DEL between.
  const own = state.ledger.owned({ kind: "namespace", attachment: key, nodeNetnsCookie: state.node.cookie });
  const isAnother = own.length > 0 && own.every((row) => row.key !== cookie);
  return isAnother ? "is not the namespace that the container was added with" : undefined;
}

/** Tells whether a namespace is one that a sandbox lives in. */
function isSandboxes(state: HelperState, netns: Netns): boolean {
  return [...state.sandboxes.values()].some(({ process }) => {
    const stat = statSync(`/proc/${process.pid}/ns/net`, { bigint: true, throwIfNoEntry: false });
    return stat !== undefined && stat.ino === netns.inode && stat.dev === netns.device;
  });
}
