/**
 * @module Hardware addresses that ports of bridges let in, in a table of Cnidaria's own, of the family `bridge`: two elements per port.
 *
 * ```
 * table bridge cnidaria {
 *   map guard_ports { type ifname : verdict; elements = { "vethab12" comment "cnidaria:<tag>" : goto guard_judge } }
 *   set guard_macs { type ifname . ether_addr; elements = { "vethab12" . 02:00:00:00:00:02 comment "cnidaria:<tag>" } }
 *   chain guard { type filter hook prerouting priority -300; policy accept; iifname vmap @guard_ports }
 *   chain guard_judge { iifname . ether saddr @guard_macs return; drop }
 * }
 * ```
 * A packet costs a look-up, and another one where its port is guarded, however many ports there are.
 */

import type { MacAddress } from "../spec/mac.ts";
import { isKernelError, KernelError } from "./error.ts";
import { commentOf, elementObject, frameObject, mapName, tagIn } from "./frames.ts";
import type { Frame } from "./netlink/filter-changes.ts";
import type { ElementKey, MapReference } from "./netlink/filter-messages.ts";
import type { ElementChanges, FrameText, Nftables } from "./nftables.ts";

const TABLE = { family: "bridge", table: "cnidaria" } as const;
const PORTS = { ...TABLE, name: "guard_ports" } as const;
const MACS = { ...TABLE, name: "guard_macs" } as const;
const JUDGE = { ...TABLE, name: "guard_judge" } as const;
/** Rules in the chain `guard_judge`. What uses it beyond them are ports. */
const JUDGE_RULES = 2;
/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const LINK_NAME_BYTES = 16;
/** Each part of a key begins at a multiple of 4 bytes. Source: NFT_REG32_SIZE, linux/netfilter/nf_tables.h. */
const MAC_KEY_BYTES = 8;
/** How often elements are tried to be made while somebody else removes the frame. */
const TRIES = 3;

/** What guards are made of. */
export const PARTS: Frame = { table: TABLE, chains: ["guard", "guard_judge"], maps: ["guard_ports", "guard_macs"] };

/** Everything but elements; before what others have at the usual priority, as the reference plugin's. */
const FRAME = `
add table bridge cnidaria { comment "made by cnidaria"; }
add map bridge cnidaria guard_ports { type ifname : verdict; }
add set bridge cnidaria guard_macs { type ifname . ether_addr; }
add chain bridge cnidaria guard_judge
add chain bridge cnidaria guard { type filter hook prerouting priority -300; policy accept; }
flush chain bridge cnidaria guard_judge
flush chain bridge cnidaria guard
add rule bridge cnidaria guard_judge iifname . ether saddr @guard_macs return
add rule bridge cnidaria guard_judge drop
add rule bridge cnidaria guard iifname vmap @guard_ports
` as FrameText;

/** A port, and what it lets in. */
export interface GuardedPort {
  readonly port: string;
  readonly mac: MacAddress;
}

/** What the packet filter says of a port. */
export interface PortGuard {
  /** The owner's; `undefined`: somebody else made it. */
  readonly tag: string | undefined;
}

/**
 * Lets one hardware address in by a port, in one transaction with the end of what was set before. What a link of the same name left
 * behind is replaced.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function guardPort(
  nftables: Nftables,
  { port, mac, tag }: GuardedPort & { readonly tag: string },
  before: readonly GuardedPort[],
): void {
  const comment = commentOf(tag);
  const made = [
    { map: PORTS, elements: [{ key: portKey(port), chain: JUDGE.name, comment }] },
    { map: MACS, elements: [{ key: macKey({ port, mac }), comment }] },
  ];
  for (let tries = 1; ; tries += 1) {
    // Looked at first: what the kernel refuses costs a grace period.
    if (!hasSpoofGuard(nftables)) nftables.runFrame(FRAME);
    try {
      nftables.replaceElements({ gone: present(nftables, port, [...before, { port, mac }]), made });
      return;
    } catch (error) {
      // The frame went since, with somebody else's last port.
      if (!isKernelError(error, "ENOENT") || tries === TRIES) throw error;
    }
  }
}

/** Ends the guard of a port, and with the last one removes what was made for all. What is not there, or another owner's, is passed over. */
export function endGuard(nftables: Nftables, guarded: GuardedPort & { readonly tag: string }): void {
  const gone = present(nftables, guarded.port, [guarded], guarded.tag);
  if (gone.length > 0) nftables.replaceElements({ gone, made: [] });
  // Looked at first: what the kernel refuses costs a grace period.
  if (nftables.getChainUse(JUDGE) === JUDGE_RULES) nftables.deleteEmptyFrame(PARTS);
}

/** Tells whether a port lets one hardware address in and no other; `undefined`: it does not. */
export function readGuard(nftables: Nftables, guarded: GuardedPort): PortGuard | undefined {
  const port = nftables.getElement(PORTS, portKey(guarded.port));
  const mac = nftables.getElement(MACS, macKey(guarded));
  return port?.chain === JUDGE.name && mac !== undefined ? { tag: tagIn(mac.comment) } : undefined;
}

/** Tells whether the chains are there, with their rules: they are as long as a port is guarded. */
export function hasSpoofGuard(nftables: Nftables): boolean {
  return (nftables.getChainUse({ ...TABLE, name: "guard" }) ?? 0) > 0 && hasRules(nftables);
}

/** Makes the chains and their rules again, where somebody flushed them. */
export function restoreSpoofGuard(nftables: Nftables): void {
  if (!hasSpoofGuard(nftables)) nftables.runFrame(FRAME);
}

/**
 * Has the kernel judge everything that guarding is made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeSpoofGuard(nftables: Nftables): void {
  if (!hasSpoofGuard(nftables)) nftables.judgeFrame(FRAME);
}

/** Names the elements of a port, and what they are in. */
export function guardObjects(guarded: GuardedPort): readonly string[] {
  const name = (map: MapReference, key: ElementKey): string => elementObject(mapName(map), key);
  return [name(PORTS, portKey(guarded.port)), name(MACS, macKey(guarded)), frameObject("guard")];
}

/** What uses the chain is ports and its rules: fewer than two of a flushed one cannot be told from ports, which only restores once more. */
function hasRules(nftables: Nftables): boolean {
  return (nftables.getChainUse(JUDGE) ?? 0) >= JUDGE_RULES;
}

/** Gives those elements of a port that are there; `tag`: and are this owner's. */
function present(
  nftables: Nftables,
  port: string,
  guarded: readonly GuardedPort[],
  tag?: string,
): ElementChanges["gone"] {
  const isThere = (map: MapReference, key: Uint8Array): boolean => {
    const found = nftables.getElement(map, key);
    return found !== undefined && (tag === undefined || tagIn(found.comment) === tag);
  };
  const macs = new Map(guarded.map(macKey).map((key) => [Buffer.from(key).toString("hex"), key]));
  const keys = [...macs.values()].filter((key) => isThere(MACS, key));
  return [
    ...(isThere(PORTS, portKey(port)) ? [{ map: PORTS, keys: [portKey(port)] }] : []),
    ...(keys.length > 0 ? [{ map: MACS, keys }] : []),
  ];
}

function portKey(port: string): Uint8Array {
  const name = Buffer.alloc(LINK_NAME_BYTES);
  const bytes = Buffer.from(port);
  if (bytes.length === 0 || bytes.length >= LINK_NAME_BYTES)
    throw new KernelError("EINVAL", "nft guard", "no name of a link");
  bytes.copy(name);
  return name;
}

function macKey({ port, mac }: GuardedPort): Uint8Array {
  const key = Buffer.alloc(MAC_KEY_BYTES);
  Buffer.from(mac).copy(key);
  return Buffer.concat([portKey(port), key]);
}
