/**
 * @module Masquerading, in a table of Cnidaria's own: one element per address in a map from source address to the chain of its subnet.
 *
 * ```
 * table inet cnidaria {
 *   map masquerade_v4 { type ipv4_addr : verdict; elements = { 10.88.0.2 comment "cnidaria:<tag>" : goto subnet_v4_10_88_0_0_16 } }
 *   chain postrouting { type nat hook postrouting priority srcnat; ip saddr vmap @masquerade_v4; ip6 saddr vmap @masquerade_v6 }
 *   chain subnet_v4_10_88_0_0_16 { ip daddr 10.88.0.0/16 return; ip daddr 224.0.0.0/4 return; masquerade }
 * }
 * ```
 * A packet costs one look-up, however many attachments there are; the reference plugins walk a rule for each.
 */

import {
  addressBits,
  formatIpAddress,
  ipToBytes,
  networkOf,
  parseIpPrefix,
  type IpAddress,
  type IpFamily,
  type IpPrefix,
} from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import {
  chainObject,
  commentOf,
  countOutsideFrames,
  elementObject,
  frameObject,
  FRAMES,
  TABLE,
  TABLE_COMMAND,
  tagIn,
} from "./frames.ts";
import type { Nftables } from "./nftables.ts";
import type { NftCommand, NftElements, NftExpression, NftPrefix } from "./nftables-types.ts";

const POSTROUTING = { ...TABLE, name: "postrouting" } as const;
/** Where source addresses are translated. Source: NF_IP_PRI_NAT_SRC, linux/netfilter_ipv4.h. */
const PRIORITY_SRCNAT = 100;

const FAMILIES = {
  ipv4: { protocol: "ip", map: "masquerade_v4", type: "ipv4_addr", multicast: { addr: "224.0.0.0", len: 4 } },
  ipv6: { protocol: "ip6", map: "masquerade_v6", type: "ipv6_addr", multicast: { addr: "ff00::", len: 8 } },
} as const;

/** A subnet of nobody. Source: RFC 5737. */
const DOCUMENTATION_PREFIX = "192.0.2.0/24";
/** Rules in the chain `postrouting`. */
const POSTROUTING_RULES = 2;
/** Rules in the chain of a subnet. What uses the chain beyond them are addresses. */
const SUBNET_RULES = 3;
/** Finds the length of a subnet's prefix in the name of its chain. */
const SUBNET_LENGTH = /^subnet_v[46]_[0-9a-f_]+_([0-9]{1,3})$/u;

/** Addresses that are masqueraded for one owner. */
export interface MasqueradeAddresses {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  /** Each with the prefix of its subnet. */
  readonly addresses: readonly IpPrefix[];
}

/** What the packet filter says of an address. */
export interface MasqueradeElement {
  /** The address, with the prefix of the subnet that it is not masqueraded in. */
  readonly address: IpPrefix;
  /** The owner's; `undefined`: somebody else made the element. */
  readonly tag: string | undefined;
}

/** Chains that were made by way of a packet filter: then they need not be made again. */
const madeChains = new WeakMap<Nftables, Set<string>>();

/**
 * Masquerades what comes from each address and goes beyond its subnet. All in one transaction; what this owner has already is kept.
 * @throws {KernelError} EEXIST when an address is masqueraded for another owner: then nothing is changed.
 */
export function addMasquerade(nftables: Nftables, { tag, addresses }: MasqueradeAddresses): void {
  const wanted = withoutDoubles(addresses);
  if (wanted.length === 0) return;
  try {
    createElements(nftables, tag, wanted);
  } catch (error) {
    if (!isKernelError(error, "EEXIST")) throw error;
    const missing = wanted.filter((address) => !isHeldBy(tag, address, readMasquerade(nftables, address.address)));
    if (missing.length > 0) createElements(nftables, tag, missing);
  }
}

/**
 * Removes the masquerading of addresses, in one transaction. An address that is not there, or by now another owner's, is passed over.
 * The chains of their subnets stay, for {@link removeMasqueradeSubnet}.
 */
export function removeMasquerade(nftables: Nftables, { tag, addresses }: MasqueradeAddresses): void {
  const held = withoutDoubles(addresses).filter(({ address }) => readMasquerade(nftables, address)?.tag === tag);
  nftables.deleteElements(byMap(held, ({ address }) => address).map(({ map, values }) => ({ map, keys: values })));
}

/** Looks one address up; `undefined`: it is not masqueraded. */
export function readMasquerade(nftables: Nftables, address: IpAddress): MasqueradeElement | undefined {
  const element = nftables.getElement({ ...TABLE, name: FAMILIES[address.tag].map }, address);
  if (element === undefined) return undefined;
  const prefixLength = Number(SUBNET_LENGTH.exec(element.chain ?? "")?.[1] ?? addressBits(address.tag));
  return { address: { address, prefixLength }, tag: tagIn(element.comment) };
}

/** Names the element of an address, and what it is in. */
export function masqueradeObjects(prefix: IpPrefix): readonly string[] {
  const { address } = prefix;
  const element = elementObject(FAMILIES[address.tag].map, address);
  return [element, chainObject(chainOf(prefix)), frameObject("masquerade")];
}

/** Tells whether the chain that looks into the maps has its rules: somebody may have flushed it. */
export function hasMasqueradeRules(nftables: Nftables): boolean {
  return (nftables.getChainUse(POSTROUTING) ?? 0) >= POSTROUTING_RULES;
}

/** Makes table, chains and rules again, for subnets whose elements may be there. What is as it should be stays so. */
export function restoreMasqueradeRules(nftables: Nftables, subnets: readonly IpPrefix[]): void {
  nftables.run([...tableCommands(), ...subnets.flatMap(subnetCommands)]);
}

/** Tells whether the table that masquerades is there: it is as long as an address is masqueraded. */
export function hasMasqueradeTable(nftables: Nftables): boolean {
  return nftables.getChainUse(POSTROUTING) !== undefined;
}

/**
 * Has the kernel judge everything that masquerading is made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeMasquerade(nftables: Nftables): void {
  if (hasMasqueradeTable(nftables)) return;
  const anySubnet = parseIpPrefix(DOCUMENTATION_PREFIX);
  nftables.judge([...tableCommands(), ...subnetCommands(anySubnet)]);
}

/**
 * Removes the chain of a subnet that no address uses any more; with the last one what masquerading keeps for all of them.
 * @returns whether it is gone; false: an address still uses it.
 */
export function removeMasqueradeSubnet(nftables: Nftables, subnet: IpPrefix): boolean {
  const name = chainOf(subnet);
  // Looked at first: a deletion that the kernel refuses costs a grace period.
  const use = nftables.getChainUse({ ...TABLE, name });
  if (use === undefined) return true;
  if (use > SUBNET_RULES) return false;
  madeChains.get(nftables)?.delete(name);
  try {
    nftables.run([{ delete: { chain: { ...TABLE, name } } }]);
    if (deleteFrameIfUnused(nftables)) madeChains.delete(nftables);
    return true;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return true;
    if (isKernelError(error, "EBUSY")) return false;
    throw error;
  }
}

/** Deletes what masquerading keeps for all subnets, when there is none; gives whether it is gone. */
function deleteFrameIfUnused(nftables: Nftables): boolean {
  // Looked at first: what the kernel refuses costs a grace period. What is in no frame is the chain of a subnet.
  const hasSubnets = countOutsideFrames(nftables) > 0;
  return !hasSubnets && nftables.deleteEmptyFrame(FRAMES.masquerade);
}

function isHeldBy(tag: string, wanted: IpPrefix, found: MasqueradeElement | undefined): boolean {
  if (found === undefined) return false;
  if (found.tag === tag && found.address.prefixLength === wanted.prefixLength) return true;
  throw new KernelError("EEXIST", "nft masquerade", `${formatIpAddress(wanted.address)} is masqueraded already`);
}

/** Makes elements; first the table and the chains, where this process did not make them yet, or somebody removed them since. */
function createElements(nftables: Nftables, tag: string, addresses: readonly IpPrefix[]): void {
  const made = madeChains.get(nftables) ?? new Set();
  madeChains.set(nftables, made);
  const create = (): void =>
    nftables.createElements(
      byMap(addresses, (address) => ({
        key: address.address,
        chain: chainOf(address),
        comment: commentOf(tag),
      })).map(({ map, values }) => ({ map, elements: values })),
    );
  if (addresses.every((address) => made.has(chainOf(address)))) {
    try {
      create();
      return;
    } catch (error) {
      if (!isKernelError(error, "ENOENT")) throw error;
      made.clear();
    }
  }
  // By the library: in one transaction with chains and rules.
  nftables.run([...tableCommands(), ...addresses.flatMap(subnetCommands), ...elementCommands(tag, addresses)]);
  for (const address of addresses) made.add(chainOf(address));
}

/** One command for each family that is there. */
function elementCommands(tag: string, addresses: readonly IpPrefix[]): NftCommand[] {
  const elements = byMap(addresses, (address): NftElements["elem"][number] => [
    { elem: { val: formatIpAddress(address.address), comment: commentOf(tag) } },
    { goto: { target: chainOf(address) } },
  ]);
  return elements.map(({ map, values }) => ({ create: { element: { ...map, elem: values } } }));
}

/** Sorts what belongs to addresses by the map of their family. */
function byMap<Value>(
  addresses: readonly IpPrefix[],
  valueOf: (address: IpPrefix) => Value,
): {
  readonly map: { readonly family: "inet"; readonly table: "cnidaria"; readonly name: string };
  readonly values: readonly Value[];
}[] {
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const values = addresses.filter(({ address }) => address.tag === family).map(valueOf);
    return values.length === 0 ? [] : [{ map: { ...TABLE, name: FAMILIES[family].map }, values }];
  });
}

/** Table, maps and the base chain, whether they are there or not. */
function tableCommands(): NftCommand[] {
  const maps = Object.values(FAMILIES);
  return [
    TABLE_COMMAND,
    ...maps.map(({ map, type }): NftCommand => ({ add: { map: { ...TABLE, name: map, type, map: "verdict" } } })),
    { add: { chain: { ...POSTROUTING, type: "nat", hook: "postrouting", prio: PRIORITY_SRCNAT, policy: "accept" } } },
    { flush: { chain: POSTROUTING } },
    ...maps.map(({ map, protocol }) =>
      appendRule(POSTROUTING.name, [{ vmap: { key: { payload: { protocol, field: "saddr" } }, data: `@${map}` } }]),
    ),
  ];
}

/** The chain of a subnet, whether it is there or not. */
function subnetCommands(address: IpPrefix): NftCommand[] {
  const { multicast } = FAMILIES[address.address.tag];
  const chain = { ...TABLE, name: chainOf(address) };
  const subnet = networkOf(address);
  const own = { addr: formatIpAddress(subnet.address), len: subnet.prefixLength };
  return [
    { add: { chain } },
    { flush: { chain } },
    appendRule(chain.name, [matchDestination(address.address.tag, { prefix: own }), { return: null }]),
    appendRule(chain.name, [matchDestination(address.address.tag, { prefix: multicast }), { return: null }]),
    appendRule(chain.name, [{ masquerade: null }]),
  ];
}

function appendRule(chain: string, expr: readonly NftExpression[]): NftCommand {
  return { add: { rule: { ...TABLE, chain, expr } } };
}

function matchDestination(family: IpFamily, right: NftPrefix): NftExpression {
  return { match: { op: "==", left: { payload: { protocol: FAMILIES[family].protocol, field: "daddr" } }, right } };
}

/** Names the chain of a subnet: `subnet_v4_10_88_0_0_16`, or `subnet_v6_`, 32 hexadecimal digits, `_64`. */
function chainOf(prefix: IpPrefix): string {
  const { address, prefixLength } = networkOf(prefix);
  const [version, text] =
    address.tag === "ipv4" ? ["v4", address.val.join("_")] : ["v6", Buffer.from(ipToBytes(address)).toString("hex")];
  return `subnet_${version}_${text}_${prefixLength}`;
}

function withoutDoubles(addresses: readonly IpPrefix[]): IpPrefix[] {
  return [...new Map(addresses.map((address) => [formatIpAddress(address.address), address])).values()];
}
