/**
 * @module What on the node is Cnidaria's: links by their alias, elements of the packet filter by their comment, and what they are in by its name.
 */
import type { MapReference } from "../../kernel/netlink/filter-messages.ts";
import { elementObject, FRAMES, mapName, tagIn } from "../../kernel/frames.ts";
import { listElements } from "../../kernel/filter-elements.ts";
import type { ListedElement } from "../../kernel/filter-elements.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { formatIpAddress, ipFromBytes } from "../../spec/ip.ts";
import { formatMac } from "../../spec/mac.ts";
import type { MacAddress } from "../../spec/mac.ts";
import { linkObject } from "../kinds/veth.ts";
import type { AttachmentKey } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { whyNoNftables } from "../packet-filter.ts";
import { tagOfAlias } from "../undo/alias.ts";
import { iptablesObjects } from "./iptables-objects.ts";
import { emptyFrames, unusedChains } from "./leftover-chains.ts";
import { ratesOfLinks } from "./leftover-rates.ts";
import { ALL_FRAMES } from "./objects.ts";
import type { FilledMap, TaggedObject } from "./objects.ts";

/** Most links of a node that are looked at. */
const LINKS_MAX = 200_000;
/** Bytes of an address of each family. */
const ADDRESS_BYTES: readonly number[] = [4, 16];
/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const LINK_NAME_BYTES = 16;
/** Bytes of a hardware address in a key. */
const MAC_BYTES_PADDED = 8;
/** A map whose elements are shared by all who have ports over a link: they carry no tag. */
const UNTAGGED_MAP: string = FRAMES.hostPorts.maps[6];

/** Lists all of it: the links of the node and their rates, the tables of Cnidaria's own, and what of iptables is Cnidaria's. `known`: attachments that no row tells of. */
export async function taggedObjects(
  state: HelperState,
  known: readonly AttachmentKey[] = [],
): Promise<readonly TaggedObject[]> {
  const links = state.node.rtnetlink.listLinks({ max: LINKS_MAX });
  const tagged = links.flatMap((link) => taggedLink(state, link));
  const byNftables = whyNoNftables(state.node) === undefined ? nftablesObjects(state) : [];
  // What sends packets to a link goes before it.
  return [...ratesOfLinks(state, links, known), ...tagged, ...byNftables, ...(await iptablesObjects(state))];
}

function nftablesObjects(state: HelperState): readonly TaggedObject[] {
  const maps = Object.values(ALL_FRAMES).flatMap(({ table, maps: names }) => names.map((name) => ({ ...table, name })));
  const filled = maps.map((map): FilledMap => ({ map, elements: listElements(state.node.netns, map) }));
  const elements = filled.flatMap(({ map, elements: each }) =>
    each.flatMap((element) => taggedElement(state, map, element)),
  );
  return [...elements, ...unusedChains(state, filled), ...emptyFrames(state, filled)];
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
  const map = mapName(reference);
  const tag = tagIn(comment);
  if (tag === undefined && map !== UNTAGGED_MAP) return [];
  const remove = async (): Promise<void> => {
    const nftables = node.nftables();
    const found = nftables.getElement(reference, key);
    if (found !== undefined && tagIn(found.comment) === tag) nftables.deleteElements([{ map: reference, keys: [key] }]);
  };
  const description = `element ${describeKey(key)} of the packet filter's map ${map}`;
  return [{ id: elementObject(map, key), tag, description, remove }];
}

/** Says a key as people do, as far as it is an address, or names of links with what belongs to them. */
function describeKey(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  if (key.length === LINK_NAME_BYTES * 2) return `${nameAt(bytes, 0)} ${nameAt(bytes, LINK_NAME_BYTES)}`.trim();
  if (key.length === LINK_NAME_BYTES + MAC_BYTES_PADDED)
    return `${nameAt(bytes, 0)} ${formatMac([...bytes.subarray(LINK_NAME_BYTES, -2)] as unknown as MacAddress)}`;
  if (!ADDRESS_BYTES.includes(key.length)) return bytes.toString("hex");
  const name = /^([\x21-\x7e]{2,15})\0+$/u.exec(bytes.toString("latin1"))?.[1];
  return key.length === LINK_NAME_BYTES && name !== undefined ? name : formatIpAddress(ipFromBytes(key));
}

function nameAt(bytes: Buffer, offset: number): string {
  return bytes.toString("latin1", offset, offset + LINK_NAME_BYTES).replaceAll(/[^\x21-\x7e]+/gu, "");
}
