/**
 * @module Published ports, in the table of Cnidaria's own: one element per port in a map from what a packet is for to where it goes.
 *
 * ```
 * map ports_any_v4 { tcp . 8080 comment "cnidaria:<tag>" : 10.88.0.2 . 80 }   every address of the node
 * map ports_v4     { 192.0.2.1 . tcp . 8080 … : 10.88.0.2 . 80 }              one address of it
 * map published_v4 { 10.88.0.2 … : goto ports_local }                          whose source is translated
 * set ports_links  { "cni0" . "cni0" }                                         links that lead to containers with ports
 * ```
 * A packet costs a look-up or two, however many ports there are. Ports with conditions are in a table of their own (`port-conditions.ts`). Only what is for an address of the node itself is looked at, and only
 * after every chain that others have at the usual priority: nothing that the node had before is taken from it.
 */

import { ipFromBytes, type IpAddress, type IpFamily } from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import { commentOf, elementObject, frameObject, FRAMES, mapName, TABLE, tagIn } from "./frames.ts";
import {
  portKey,
  portMap,
  targetValue,
  whenMap,
  type HostPort,
  type PortsMap,
  type PortTarget,
  type Redirection,
} from "./host-port-elements.ts";
import type { ElementChanges, FrameText, Nftables } from "./nftables.ts";
import {
  addConditions,
  conditionChainName,
  judgeConditions,
  removeConditions,
  type ConditionChain,
} from "./port-conditions.ts";

/** Whose packets get the node's address. The WIT enum `source-translation`. */
export type SourceTranslation = "none" | "local" | "all";

/** What is published for one owner. */
export interface Publication {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  readonly redirections: readonly Redirection[];
  /** The container's addresses, each once. */
  readonly addresses: readonly IpAddress[];
  readonly sourceTranslation: SourceTranslation;
  /** Those that redirections name; where ports are withdrawn they need not be said. */
  readonly conditions?: readonly ConditionChain[] | undefined;
}

/** What the packet filter says of a port. */
export interface PublishedElement {
  readonly to: PortTarget;
  /** The owner's; `undefined`: somebody else made the element. */
  readonly tag: string | undefined;
}

const CHAINS = { none: "ports_none", local: "ports_local", all: "ports_all" } as const;
/** Rules in each of them. What uses a chain beyond them are addresses. */
const CHAIN_RULES = { none: 0, local: 3, all: 1 } as const;
/** Rules in the chains that packets come by. */
const BASE_RULES = { ports_in: 1, ports_out: 1, ports_after: 2, ports_guard: 3 } as const;
const LINKS = { ...TABLE, name: "ports_links" } as const;
/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const LINK_NAME_BYTES = 16;
/** How often elements are tried to be made while somebody else removes the frame. */
const TRIES = 3;

/**
 * Everything but elements. `ports_in` and `ports_out` come after the chains of others at the priority `dstnat` (-100), whose translation is
 * then the one that counts. `ports_guard` keeps containers from what listens on 127.0.0.1: `route_localnet` would let them. IPv6 has no
 * such thing, so what is for ::1 is left alone.
 */
const FRAME = `
add table inet cnidaria { comment "made by cnidaria"; }
add map inet cnidaria ports_v4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add map inet cnidaria ports_any_v4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map inet cnidaria ports_v6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
add map inet cnidaria ports_any_v6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
add map inet cnidaria published_v4 { type ipv4_addr : verdict; }
add map inet cnidaria published_v6 { type ipv6_addr : verdict; }
add set inet cnidaria ports_links { type ifname . ifname; }
add chain inet cnidaria ports_none
add chain inet cnidaria ports_all
add chain inet cnidaria ports_local
add chain inet cnidaria ports_redirect
add chain inet cnidaria ports_in { type nat hook prerouting priority -90; policy accept; }
add chain inet cnidaria ports_out { type nat hook output priority -90; policy accept; }
add chain inet cnidaria ports_after { type nat hook postrouting priority 110; policy accept; }
add chain inet cnidaria ports_guard { type filter hook input priority -10; policy accept; }
flush chain inet cnidaria ports_all
flush chain inet cnidaria ports_local
flush chain inet cnidaria ports_redirect
flush chain inet cnidaria ports_in
flush chain inet cnidaria ports_out
flush chain inet cnidaria ports_after
flush chain inet cnidaria ports_guard
add rule inet cnidaria ports_all masquerade
add rule inet cnidaria ports_local ip saddr 127.0.0.0/8 masquerade
add rule inet cnidaria ports_local fib saddr type local return
add rule inet cnidaria ports_local iifname . oifname @ports_links masquerade
add rule inet cnidaria ports_redirect ip6 daddr ::1 return
add rule inet cnidaria ports_redirect dnat ip to ip daddr . meta l4proto . th dport map @ports_v4
add rule inet cnidaria ports_redirect dnat ip to meta l4proto . th dport map @ports_any_v4
add rule inet cnidaria ports_redirect dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports_v6
add rule inet cnidaria ports_redirect dnat ip6 to meta l4proto . th dport map @ports_any_v6
add rule inet cnidaria ports_in fib daddr type local jump ports_redirect
add rule inet cnidaria ports_out fib daddr type local jump ports_redirect
add rule inet cnidaria ports_after ct status dnat ip daddr vmap @published_v4
add rule inet cnidaria ports_after ct status dnat ip6 daddr vmap @published_v6
add rule inet cnidaria ports_guard iifname "lo" return
add rule inet cnidaria ports_guard ip daddr 127.0.0.0/8 ct status dnat return
add rule inet cnidaria ports_guard ip daddr 127.0.0.0/8 drop
` as FrameText;

/**
 * Publishes ports in place of others of the same owner, in one transaction.
 * @throws {KernelError} EEXIST when a port or an address has somebody else's element: then nothing is changed.
 */
export function publishPorts(nftables: Nftables, wanted: Publication, before: Publication | undefined): void {
  const changes: ElementChanges = {
    gone: before === undefined ? [] : heldElements(nftables, before),
    made: elementsOf(wanted),
  };
  for (let tries = 1; ; tries += 1) {
    // Looked at first: what the kernel refuses costs a grace period.
    if (!hasPortRules(nftables)) nftables.runFrame(FRAME);
    addConditions(nftables, wanted.conditions ?? []);
    try {
      nftables.replaceElements(changes);
      return;
    } catch (error) {
      // The frame went since, with somebody else's last port.
      if (isKernelError(error, "ENOENT") && tries < TRIES) continue;
      removeConditions(nftables, (wanted.conditions ?? []).map(conditionChainName));
      throw error;
    }
  }
}

/** Withdraws what is published, in one transaction. What is not there, or by now another owner's, is passed over. */
export function withdrawPorts(nftables: Nftables, publication: Publication): void {
  const gone = heldElements(nftables, publication);
  if (gone.length > 0) nftables.replaceElements({ gone, made: [] });
}

/** Looks one port up; `undefined`: it leads nowhere. `when`: as {@link Redirection} has it. */
export function readHostPort(nftables: Nftables, from: HostPort, when?: string): PublishedElement | undefined {
  const found = nftables.getElement(portMap(from, when), portKey(from));
  if (found?.value === undefined) return undefined;
  if (when !== undefined && nftables.getElement(whenMap(from), portKey(from))?.chain !== when) return undefined;
  const bytes = Buffer.from(found.value);
  const addressBytes = from.family === "ipv4" ? 4 : 16;
  if (bytes.length < addressBytes + 2) return undefined;
  return {
    to: { address: ipFromBytes(bytes.subarray(0, addressBytes)), port: bytes.readUInt16BE(addressBytes) },
    tag: tagIn(found.comment),
  };
}

/** Says whose source is translated of what goes to a container's address; `undefined`: its address is not published by this owner. */
export function readSourceTranslation(
  nftables: Nftables,
  { tag, address }: { readonly tag: string; readonly address: IpAddress },
): SourceTranslation | undefined {
  const found = nftables.getElement(publishedMap(address.tag), address);
  if (found === undefined || tagIn(found.comment) !== tag) return undefined;
  return (["none", "local", "all"] as const).find((each) => CHAINS[each] === found.chain);
}

/** Names the elements of a port; `when`: as {@link Redirection} has it. */
export function hostPortObjects(from: HostPort, when: string | undefined): readonly string[] {
  const maps = when === undefined ? [portMap(from, when)] : [portMap(from, when), whenMap(from)];
  return [...maps.map((map) => elementObject(mapName(map), portKey(from))), frameObject("hostPorts")];
}

/** Names the element of a container's address, and what it is in. */
export function publishedObjects(address: IpAddress): readonly string[] {
  return [elementObject(publishedMap(address.tag).name, address), frameObject("hostPorts")];
}

/** Names the elements of a link, and what they are in. They carry no tag. */
export function portLinkObjects(link: string): readonly string[] {
  return [...linkKeys(link).map((key) => elementObject(LINKS.name, key)), frameObject("hostPorts")];
}

/** Tells whether what comes in over a link and leaves by it again gets the node's address. */
export function hasPortLink(nftables: Nftables, link: string): boolean {
  return linkKeys(link).every((key) => nftables.getElement(LINKS, key) !== undefined);
}

/** Makes what comes in over a link and leaves by it again, to a published port, have the node's address. */
export function addPortLink(nftables: Nftables, link: string): void {
  // Looked at first: what the kernel refuses costs a grace period.
  const missing = linkKeys(link).filter((key) => nftables.getElement(LINKS, key) === undefined);
  if (missing.length === 0) return;
  const elements = missing.map((key) => ({ key, comment: undefined }));
  try {
    nftables.replaceElements({ gone: [], made: [{ map: LINKS, elements }] });
  } catch (error) {
    if (!isKernelError(error, "EEXIST")) throw error;
  }
}

/** Undoes {@link addPortLink}. A link that is not there is passed over. */
export function removePortLink(nftables: Nftables, link: string): void {
  const keys = linkKeys(link).filter((key) => nftables.getElement(LINKS, key) !== undefined);
  if (keys.length > 0) nftables.replaceElements({ gone: [{ map: LINKS, keys }], made: [] });
}

/** Tells whether what redirects is there: it is as long as a port is published. */
export function hasHostPorts(nftables: Nftables): boolean {
  return nftables.getChainUse({ ...TABLE, name: FRAMES.hostPorts.chains[0] }) !== undefined;
}

/** Tells whether the chains have their rules: somebody may have flushed them, and with them what guards 127.0.0.1. */
export function hasPortRules(nftables: Nftables): boolean {
  return Object.entries(BASE_RULES).every(([name, rules]) => (nftables.getChainUse({ ...TABLE, name }) ?? 0) >= rules);
}

/** Removes the chains and maps when nothing is published any more. */
export function removeUnusedHostPorts(nftables: Nftables): void {
  if (!hasHostPorts(nftables)) return;
  // Looked at first: a deletion that the kernel refuses costs a grace period.
  const isUsed = (["none", "local", "all"] as const).some(
    (each) => (nftables.getChainUse({ ...TABLE, name: CHAINS[each] }) ?? 0) > CHAIN_RULES[each],
  );
  if (!isUsed) nftables.deleteEmptyFrame(FRAMES.hostPorts);
}

/**
 * Has the kernel judge everything that publishing is made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeHostPorts(nftables: Nftables): void {
  if (!hasHostPorts(nftables)) nftables.judgeFrame(FRAME);
  judgeConditions(nftables);
}

function elementsOf({ tag, redirections, addresses, sourceTranslation }: Publication): ElementChanges["made"] {
  const comment = commentOf(tag);
  const elements = [
    ...redirections.flatMap(({ from, to, when }) => [
      { map: portMap(from, when), element: { key: portKey(from), value: targetValue(to), comment } },
      ...(when === undefined ? [] : [{ map: whenMap(from), element: { key: portKey(from), chain: when, comment } }]),
    ]),
    ...addresses.map((address) => ({
      map: publishedMap(address.tag),
      element: { key: address, chain: CHAINS[sourceTranslation], comment },
    })),
  ];
  return byMap(elements).map(({ map, items }) => ({ map, elements: items.map(({ element }) => element) }));
}

/** Gives those elements of a publication that are there and its owner's. */
function heldElements(nftables: Nftables, { tag, redirections, addresses }: Publication): ElementChanges["gone"] {
  const wanted = [
    ...redirections.flatMap(({ from, when }) => [
      { map: portMap(from, when), key: portKey(from) },
      ...(when === undefined ? [] : [{ map: whenMap(from), key: portKey(from) }]),
    ]),
    ...addresses.map((address) => ({ map: publishedMap(address.tag), key: address })),
  ];
  const held = wanted.filter(({ map, key }) => tagIn(nftables.getElement(map, key)?.comment) === tag);
  return byMap(held).map(({ map, items }) => ({ map, keys: items.map(({ key }) => key) }));
}

/** Puts together what belongs to one map: a message for each map, not for each element. */
function byMap<Item extends { readonly map: PortsMap }>(
  items: readonly Item[],
): { readonly map: PortsMap; readonly items: Item[] }[] {
  return [...Map.groupBy(items, ({ map }) => `${map.table} ${map.name}`).values()].flatMap((group) =>
    group[0] === undefined ? [] : [{ map: group[0].map, items: group }],
  );
}

function publishedMap(family: IpFamily): PortsMap {
  return { ...TABLE, name: family === "ipv4" ? "published_v4" : "published_v6" };
}

/** The link in which a packet came in, and by which it leaves. One that a bridge hands on by itself comes in, by then, by none. */
function linkKeys(link: string): Uint8Array[] {
  const name = Buffer.alloc(LINK_NAME_BYTES);
  const bytes = Buffer.from(link);
  if (bytes.length === 0 || bytes.length >= LINK_NAME_BYTES)
    throw new KernelError("EINVAL", "nft ports", "no name of a link");
  bytes.copy(name);
  return [Buffer.concat([name, name]), Buffer.concat([Buffer.alloc(LINK_NAME_BYTES), name])];
}
