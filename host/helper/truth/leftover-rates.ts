/**
 * @module Rates that links of Cnidaria's still have. The kernel has no room for a tag there: what is Cnidaria's is known by the number that it made of one.
 */
import type { Link } from "../../kernel/rtnetlink.ts";
import type { AttachmentKey } from "../protocol.ts";
import { bucketObject, handleOf, redirectionObject } from "../shaped-rates.ts";
import type { HelperState } from "../state.ts";
import { tagOfAlias } from "../undo/alias.ts";
import type { TaggedObject } from "./objects.ts";
import { possibleOwners } from "./owners.ts";

/** Lists them. A link that is one of them itself is no business of this: what it has goes with it. */
export function ratesOfLinks(
  state: HelperState,
  links: readonly Link[],
  known: readonly AttachmentKey[],
): readonly TaggedObject[] {
  const ours = links.filter(({ kind, alias }) => kind !== "ifb" && tagOfAlias(alias) !== undefined);
  if (ours.length === 0) return [];
  const { ledger, node } = state;
  const attachments = [...known, ...ledger.attachments.list({}), ...ledger.owned({ nodeNetnsCookie: node.cookie })];
  const owners = [...possibleOwners(state, attachments)];
  const byAttachment = Map.groupBy(owners, ([, { attachment }]) => textOf(attachment));
  const attachmentOf = new Map(owners.map(([tag, { attachment }]) => [tag, textOf(attachment)]));
  return ours.flatMap((link) => {
    const attachment = attachmentOf.get(tagOfAlias(link.alias) ?? "");
    const tags = (byAttachment.get(attachment ?? "") ?? []).map(([tag]) => tag);
    return [...bucketOf(state, link, tags), ...redirectionOf(state, link)];
  });
}

function bucketOf({ node }: HelperState, { index, name }: Link, tags: readonly string[]): readonly TaggedObject[] {
  const root = node.shaper().getRoot(index);
  const tag = tags.find((each) => handleOf(each) === root?.handle);
  if (root?.kind !== "tbf" || tag === undefined) return [];
  const { handle } = root;
  return [
    {
      id: bucketObject(index, handle),
      tag,
      description: `rate of link ${name}, to the container`,
      remove: async () => node.shaper().removeBucket(index, handle),
    },
  ];
}

function redirectionOf({ node }: HelperState, { index, name }: Link): readonly TaggedObject[] {
  const shaper = node.shaper();
  const target = shaper.redirectionOf(index);
  if (target === undefined) return [];
  return [
    {
      id: redirectionObject(index),
      tag: undefined,
      description: `redirection of what link ${name} receives`,
      remove: async () => shaper.removeRedirect(index, target === 0 ? undefined : target),
    },
  ];
}

/** NUL is in no name. */
function textOf({ network, containerId, ifname }: { network: string; containerId: string; ifname: string }): string {
  return [network, containerId, ifname].join("\0");
}
