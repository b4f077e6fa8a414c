/**
 * @module The node's end of an attachment's link: the one on record, or one that is shown to be the other end of what the container has.
 */
import type { Link } from "../../kernel/rtnetlink.ts";
import { ownLink } from "../kinds/veth.ts";
import { isAnyTagged, isTagged } from "../undo/alias.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/**
 * Finds it.
 * @throws {OperationFailure} not-found, also where another program made a link that is no veth; not-permitted where it is another attachment's.
 */
export function findNodeEnd(context: OperationContext): Link {
  const { state, call } = context;
  const { key: attachment, deletions } = call.operation;
  const begun = new Set(deletions.map(({ ownedId }) => ownedId));
  const row = state.ledger
    .owned({ attachment, kind: "veth", nodeNetnsCookie: state.node.cookie })
    .findLast(({ id, undo }) => undo["container"] === attachment.ifname && !begun.has(id));
  if (row === undefined) return findPeer(context);
  const link = ownLink(state.node, row);
  if (link === undefined) throw absent(`${row.description} is gone`);
  return link;
}

/**
 * Finds a link of the node that the attachment made, by the name that it was made with. `undefined`: it is gone, or the name is another's by
 * now: the container's owner can delete a pair, and whoever comes next can take its name.
 */
export function findNamed({ state, call }: OperationContext, name: string): Link | undefined {
  const { key: attachment } = call.operation;
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) return undefined;
  const rows = state.ledger.owned({ attachment, kind: "veth", nodeNetnsCookie: state.node.cookie });
  return rows.some(({ key, tag }) => key === name && isTagged(link, tag)) ? link : undefined;
}

/**
 * Both ends have to say the same: the container's owner writes what is in the container, but not where the kernel says that the node's link leads to.
 */
function findPeer({ state, call }: OperationContext): Link {
  const { container, key } = call.operation;
  const name = JSON.stringify(key.ifname);
  if (container === undefined) throw absent("the container's namespace is gone");
  const inside = container.rtnetlink.getLink({ name: key.ifname });
  if (inside === undefined) throw absent(`the container has no link ${name}`);
  if (inside.kind !== "veth" || inside.peerIndex === undefined)
    throw absent(`link ${name} of the container is of kind ${JSON.stringify(inside.kind)}, want veth`);
  const outside = state.node.rtnetlink.getLink({ index: inside.peerIndex });
  const isPeer =
    outside?.kind === "veth" &&
    outside.peerIndex === inside.index &&
    outside.netnsId !== undefined &&
    outside.netnsId === state.node.shaper().idOf(container.netns);
  if (!isPeer) throw absent(`the other end of link ${name} of the container is not on the node`);
  if (isAnyTagged(outside))
    throw new OperationFailure("not-permitted", `${JSON.stringify(outside.name)} was made for another attachment`);
  return outside;
}

function absent(why: string): OperationFailure {
  return new OperationFailure("not-found", why, true);
}
