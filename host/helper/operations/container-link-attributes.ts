/**
 * @module `container-link-attributes`: what of a container's link is changed while it exists. What it had is on record before.
 */
import * as z from "zod";
import type { Link } from "../../kernel/rtnetlink.ts";
import type { ContainerSide } from "../state.ts";
import {
  KIND_OF_ATTRIBUTES,
  type LinkAttributes,
  presentAttributes,
  putBack,
  setAsFarAsPossible,
  undoOfAttributes,
} from "../kinds/container-link-attributes.ts";
import { HANDLE, LINK_NAME, MAC, U32 } from "./arguments.ts";
import { linkOf } from "./container-links.ts";
import { linkInfoOf } from "./link-info.ts";
import type { LinkInfo } from "./link-info.ts";
import { containerOf, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

const CHANGES = z.object({
  mtuBytes: U32.optional(),
  mac: MAC.optional(),
  promiscuous: z.boolean().optional(),
  allMulticast: z.boolean().optional(),
  transmitQueueLength: U32.optional(),
});

export const CONTAINER_LINK_ATTRIBUTES: OperationInterface = {
  name: "container-link-attributes",
  errors: { ENODEV: "not-found", EBUSY: "unsupported", EOPNOTSUPP: "unsupported" },
  otherwise: "invalid-argument",
  operations: {
    set: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME, CHANGES]),
      run: (context, [, name, { mtuBytes: mtu, transmitQueueLength: txQueueLength, ...others }]) =>
        change(context, name, { mtu, txQueueLength, ...others }),
    }),
    restore: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME]),
      run: (context, [, name]) => restore(context, name),
    }),
  },
};

/** Changes a link, all or nothing, and gives what it is afterwards. */
function change(context: OperationContext, name: string, changes: LinkAttributes): LinkInfo {
  const { ledger } = context.state;
  const container = containerOf(context);
  const { rtnetlink } = container;
  const link = linkOf(container, name);
  const replaced = presentAttributes(link, changes);
  if (Object.keys(replaced).length === 0) return linkInfoOf(link);
  const row = writeIntent(context, container, { link, replaced, changes });
  try {
    rtnetlink.setLink(link.index, changes);
  } catch (error) {
    // The kernel does one after the other, and may have done some.
    setAsFarAsPossible(rtnetlink, link.index, replaced);
    ledger.forget(row);
    throw error;
  }
  ledger.done(row);
  return linkInfoOf(linkOf(container, name));
}

function writeIntent(
  { state, call }: OperationContext,
  { path, netns }: ContainerSide,
  change: { readonly link: Link; readonly replaced: LinkAttributes; readonly changes: LinkAttributes },
): number {
  const { link, replaced, changes } = change;
  return state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: KIND_OF_ATTRIBUTES,
    key: link.name,
    undo: { path, cookie: netns.cookie.toString(), ...undoOfAttributes(link, replaced, changes) },
    description: `attributes of ${link.name} of the container: ${Object.keys(replaced).join(", ")}`,
  });
}

/** Puts back what the plugin has replaced for this attachment, last first. */
function restore(context: OperationContext, name: string): void {
  const { state, call } = context;
  const { netns, rtnetlink } = containerOf(context);
  const cookie = netns.cookie.toString();
  const { digest, nodeNetnsCookie } = call.owner;
  const rows = state.ledger
    .owned({ attachment: call.operation.key, kind: KIND_OF_ATTRIBUTES, key: name, digest, nodeNetnsCookie })
    .filter(({ undo }) => undo["cookie"] === cookie);
  if (rows.length === 0) return void linkOf(containerOf(context), name);
  const link = rtnetlink.getLink({ name });
  for (const row of rows.toReversed()) {
    if (link !== undefined) putBack(rtnetlink, link, row.undo);
    state.ledger.forget(row.id);
  }
}
