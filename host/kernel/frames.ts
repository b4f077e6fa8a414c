/**
 * @module What each capability keeps in the table `inet cnidaria`: chains and maps of its own, there as long as it has an element.
 *
 * One more capability is one more frame here. What a frame does not name, such as the chain of a subnet, belongs to masquerading.
 */

import type { Frame } from "./netlink/filter-changes.ts";
import { keyBytes, type ElementKey, type MapReference } from "./netlink/filter-messages.ts";
import type { Nftables } from "./nftables.ts";
import type { NftCommand } from "./nftables-types.ts";

/** The table. */
export const TABLE = { family: "inet", table: "cnidaria" } as const;
/** Begins the comment of an element; the owner's tag follows. */
const COMMENT_PREFIX = "cnidaria:";
/** Finds the tag in a comment. */
const TAG = /^cnidaria:([0-9a-f]{32})$/u;

/** Makes the comment of an element for its owner's tag. */
export function commentOf(tag: string): string {
  return COMMENT_PREFIX + tag;
}

/** Reads whose an element is; `undefined`: somebody else made it. */
export function tagIn(comment: string | undefined): string | undefined {
  return TAG.exec(comment ?? "")?.[1];
}

/** Names an element of the table: the same text for what a row of the ledger says and for what a dump of the map finds. */
export function elementObject(map: string, key: ElementKey): string {
  return `element ${map} ${Buffer.from(keyBytes(key)).toString("hex")}`;
}

/** Names a map in {@link elementObject}: by itself if it is of the table, otherwise with what tells its table. */
export function mapName({ family, table, name }: MapReference): string {
  if (family === TABLE.family && table === TABLE.table) return name;
  return `${family === TABLE.family ? table : family} ${name}`;
}

/** Names a chain that is in no frame, such as that of a subnet, as {@link elementObject} names an element. */
export function chainObject(name: string): string {
  return `chain ${name}`;
}

/** Names what a capability keeps as long as it has an element. */
export function frameObject(name: FrameName): string {
  return `frame ${name}`;
}

/** The command that makes the table, if it is not there. */
export const TABLE_COMMAND: NftCommand = {
  add: { table: { family: TABLE.family, name: TABLE.table, comment: "made by cnidaria" } },
};

/** By capability. The first chain of each is there as long as the frame is. */
export const FRAMES = {
  masquerade: { table: TABLE, chains: ["postrouting"], maps: ["masquerade_v4", "masquerade_v6"] },
  forwarding: { table: TABLE, chains: ["forward", "forward_allowed"], maps: ["forward_v4", "forward_v6"] },
  isolation: {
    table: TABLE,
    chains: ["isolation", "isolation_leaving"],
    maps: ["isolation_within", "isolation_from", "isolation_to"],
  },
  hostPorts: {
    table: TABLE,
    chains: [
      "ports_in",
      "ports_out",
      "ports_after",
      "ports_guard",
      "ports_redirect",
      "ports_local",
      "ports_all",
      "ports_none",
    ],
    maps: ["ports_v4", "ports_any_v4", "ports_v6", "ports_any_v6", "published_v4", "published_v6", "ports_links"],
  },
} as const satisfies Readonly<Record<string, Frame>>;

/** A frame of this table; `conditions` and `guard` have tables of their own. */
export type FrameName = keyof typeof FRAMES | "conditions" | "guard";

/** Counts the chains and maps of the table that are in no frame. */
export function countOutsideFrames(nftables: Nftables): number {
  const use = nftables.getTableUse(TABLE) ?? 0;
  const present = Object.values(FRAMES).filter(
    ({ chains: [name] }) => nftables.getChainUse({ ...TABLE, name }) !== undefined,
  );
  return present.reduce((left, { chains, maps }) => left - chains.length - maps.length, use);
}
