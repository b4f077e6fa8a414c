/**
 * @module `container-links`: links of the container's namespace.
 */
import * as z from "zod";
import type { Link } from "../../kernel/rtnetlink.ts";
import { isMadeByOthers } from "../made-by-others.ts";
import type { ContainerSide } from "../state.ts";
import { beginDeletion } from "../undo/deletions.ts";
import { HANDLE, LINK_NAME, MAC, U32, WAIT_MAX_MS } from "./arguments.ts";
import { canCarry, linkInfoOf } from "./link-info.ts";
import { OperationFailure, containerOf, operation, poll } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";
import { createVeth } from "./veth.ts";

const PORT = z.object({ bridge: LINK_NAME, hairpin: z.boolean(), isolated: z.boolean() });
const VETH_OPTIONS = z.object({
  ifname: LINK_NAME,
  nodeName: LINK_NAME.optional(),
  mtuBytes: U32.optional(),
  mac: MAC.optional(),
  port: PORT.optional(),
  duplicateAddressDetection: z.enum(["kernel-default", "off", "enhanced"]),
  announce: z.boolean(),
});

export const CONTAINER_LINKS: OperationInterface = {
  name: "container-links",
  errors: {
    ENODEV: "not-found",
    ENOENT: "not-found",
    EEXIST: "already-exists",
    EBUSY: "busy",
    EOPNOTSUPP: "unsupported",
    EXFULL: "limit-reached",
    ENOSPC: "limit-reached",
  },
  otherwise: "invalid-argument",
  operations: {
    "create-veth": operation({
      effect: "change",
      maxCalls: 8,
      schema: z.tuple([HANDLE, VETH_OPTIONS]),
      run: (context, [, options]) => createVeth(context, options),
    }),
    "start-veth": operation({
      effect: "change",
      maxCalls: 1,
      isStarted: true,
      schema: z.tuple([HANDLE, VETH_OPTIONS]),
      run: (context, [, options]) => createVeth(context, options),
    }),
    get: operation({
      effect: "read",
      schema: z.tuple([HANDLE, LINK_NAME]),
      run: (context, [, name]) => linkInfoOf(linkOf(containerOf(context), name)),
    }),
    "set-up": operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME, U32]),
      run: (context, [, name, timeoutMs]) => setUp(context, name, timeoutMs),
    }),
    "set-down": operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME]),
      run: (context, [, name]) => {
        const { rtnetlink } = containerOf(context);
        rtnetlink.setLink(linkOf(containerOf(context), name).index, { up: false });
      },
    }),
    delete: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME]),
      run: (context, [, name]) => deleteLink(context, name),
    }),
  },
};

/**
 * Gives a link of the container.
 * @throws {OperationFailure} not-found.
 */
export function linkOf({ rtnetlink }: ContainerSide, name: string): Link {
  const link = rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure("not-found");
  return link;
}

/**
 * Gives the index of a link of the container. That of one that the call made is known: should it be gone, the kernel says ENODEV.
 * @throws {OperationFailure} not-found.
 */
export function indexOf(context: OperationContext, name: string): number {
  const container = containerOf(context);
  return context.call.madeLinks.get(name) ?? linkOf(container, name).index;
}

function setUp(context: OperationContext, name: string, timeoutMs: number): Promise<void> | undefined {
  const { call } = context;
  const container = containerOf(context);
  const made = call.madeLinks.get(name);
  if (made === undefined) bringUp(context, container, linkOf(container, name));
  else container.rtnetlink.setLink(made, { up: true });
  if (timeoutMs === 0) return undefined;
  const ask = (): Link | undefined => {
    const found = linkOf(container, name);
    return canCarry(found) ? found : undefined;
  };
  if (ask() !== undefined) return undefined;
  return poll(call, Math.min(timeoutMs, WAIT_MAX_MS), ask).then((found) => {
    if (found === undefined) throw new OperationFailure("timed-out");
  });
}

/** A link that the attachment made goes with it; that another one was down is written first. */
function bringUp({ state, call }: OperationContext, { path, netns, rtnetlink }: ContainerSide, link: Link): void {
  if (link.up) return;
  if (call.ownedContainerLinks.has(link.name)) {
    rtnetlink.setLink(link.index, { up: true });
    return;
  }
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: "container-link",
    key: link.name,
    undo: { path, cookie: netns.cookie.toString(), link: link.name },
    replaced: "down",
    description: `link ${link.name} of the container set up`,
  });
  rtnetlink.setLink(link.index, { up: true });
  state.ledger.done(row);
}

/** Begins to delete a veth that the attachment made; with the last one of a bridge of ours the bridge goes too. */
function deleteLink(context: OperationContext, name: string): Promise<unknown> | undefined {
  const { state, call } = context;
  const ours = call.operation;
  const container = containerOf(context);
  const begun = new Set(ours.deletions.map(({ ownedId }) => ownedId));
  const rows = state.ledger.owned({ attachment: ours.key, kind: "veth", nodeNetnsCookie: state.node.cookie });
  const row = rows.findLast((each) => each.undo["container"] === name && !begun.has(each.id));
  if (row === undefined) return deleteOthersLink(context, name);
  const isThere = container.rtnetlink.getLink({ name }) !== undefined;
  beginDeletion(state, ours, row);
  call.ownedNodeLinks.delete(row.key);
  call.ownedContainerLinks.delete(name);
  call.madeLinks.delete(name);
  if (!isThere) throw new OperationFailure("not-found");
  return undefined;
}

/** Deletes the veth of an attachment that another program made, whose address was taken over: this DEL is the one that it gets. */
function deleteOthersLink(context: OperationContext, name: string): Promise<unknown> {
  const { key, begun } = context.call.operation;
  const isTheirs = begun.verb === "DEL" && name === key.ifname && isMadeByOthers(context.state, key);
  if (!isTheirs) throw new OperationFailure("not-permitted", `the attachment did not make ${JSON.stringify(name)}`);
  const container = containerOf(context);
  const { kind, index } = linkOf(container, name);
  if (kind !== "veth") throw new OperationFailure("not-permitted", `${JSON.stringify(name)} is not a veth`);
  return container.rtnetlink.deleteLinks([index]).then(() => undefined);
}
