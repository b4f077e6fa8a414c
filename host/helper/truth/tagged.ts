/**
 * @module What on the node carries a tag of Cnidaria's: links by their alias, elements of the packet filter by their comment.
 */
import type { Frame } from "../../kernel/netlink/filter-changes.ts";
import type { MapReference } from "../../kernel/netlink/filter-messages.ts";
import { elementObject, FRAMES, TABLE, tagIn } from "../../kernel/frames.ts";
import { listElements } from "../../kernel/filter-elements.ts";
import type { ListedElement } from "../../kernel/filter-elements.ts";
import { PARTS as CONDITIONS_PARTS } from "../../kernel/port-conditions.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { formatIpAddress, ipFromBytes } from "../../spec/ip.ts";
import { linkObject } from "../kinds/veth.ts";
import type { HelperState } from "../state.ts";
import { tagOfAlias } from "../undo/alias.ts";

/** Most links of a node that are looked at. */
const LINKS_MAX = 200_000;
/** Bytes of an address of each family. */
const ADDRESS_BYTES: readonly number[] = [4, 16];

/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const LINK_NAME_BYTES = 16;

/** Something with a tag. */
export interface TaggedObject {
  /** The same text as in `objects` of the row that accounts for it. */
  readonly id: string;
  /** 32 hexadecimal digits. */
  readonly tag: string;
  /** For people. */
  readonly description: string;
  /** Removes it, if it still carries the tag. */
  readonly remove: () => Promise<void>;
}

/** Lists all of it: the links of the node, and the table of Cnidaria's own. */
export function taggedObjects(state: HelperState): readonly TaggedObject[] {
  const { node } = state;
  const links = node.rtnetlink.listLinks({ max: LINKS_MAX }).flatMap((link) => taggedLink(state, link));
  const frames: readonly Frame[] = [...Object.values(FRAMES), CONDITIONS_PARTS];
  const maps = frames.flatMap(({ table, maps: names }) => names.map((name) => ({ ...table, name })));
  const elements = maps.flatMap((map) =>
    listElements(node.netns, map).flatMap((element) => taggedElement(state, map, element)),
  );
  return [...links, ...elements];
}

function taggedLink({ node }: HelperState, { name, index, kind, alias }: Link): TaggedObject[] {
  const tag = tagOfAlias(alias);
  if (tag === undefined) return [];
  const remove = async (): Promise<void> => {
    const found = node.rtnetlink.getLink({ index });
    if (tagOfAlias(found?.alias) === tag) await node.rtnetlink.deleteLinks([index]);
  };
  return [{ id: linkObject(name), tag, description: `${kind} ${name} of the node`, remove }];
}

function taggedElement(
  { node }: HelperState,
  reference: MapReference,
  { key, comment }: ListedElement,
): TaggedObject[] {
  const tag = tagIn(comment);
  if (tag === undefined) return [];
  const map = reference.table === TABLE.table ? reference.name : `${reference.table} ${reference.name}`;
  const remove = async (): Promise<void> => {
    const nftables = node.nftables();
    if (tagIn(nftables.getElement(reference, key)?.comment) === tag)
      nftables.deleteElements([{ map: reference, keys: [key] }]);
  };
  const description = `element ${describeKey(key)} of the packet filter's map ${map}`;
  return [{ id: elementObject(map, key), tag, description, remove }];
}

/** Says a key as people do, as far as it is an address or the name of a link. */
function describeKey(key: Uint8Array): string {
  if (ADDRESS_BYTES.includes(key.length)) {
    const name = /^([\x21-\x7e]{2,15})\0+$/u.exec(Buffer.from(key).toString("latin1"))?.[1];
    return key.length === LINK_NAME_BYTES && name !== undefined ? name : formatIpAddress(ipFromBytes(key));
  }
  return Buffer.from(key).toString("hex");
}
