/**
 * @module Ranges of addresses that `host-local` gives out. Pure.
 */
import { invalid } from "../sdk/configuration.ts";
import {
  addressBits,
  compareAddresses,
  hasHostBits,
  type IpAddress,
  type IpPrefix,
  type IpRange,
  lastAddress,
  networkAddress,
  networkOf,
  nextAddress,
  prefixContains,
  previousAddress,
  rangeContains,
  rangesOverlap,
} from "../sdk/ip.ts";
import { formatAddress, formatPrefix } from "../sdk/ip-text.ts";
import { CODES, fail } from "../sdk/index.ts";

/** Fewest host bits of a subnet: the network, the gateway, one address, the broadcast address. */
const HOST_BITS_MIN = 2;

/** A range as it is written; what is absent follows from the subnet. */
export interface RangeText {
  /** Where it is written, such as `ipam.ranges[0][1]`. */
  readonly source: string;
  readonly subnet: IpPrefix | undefined;
  readonly rangeStart: IpAddress | undefined;
  readonly rangeEnd: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
}

/** Addresses of one subnet, from `first` to `last`. */
export interface AddressRange extends IpRange {
  readonly subnet: IpPrefix;
  readonly gateway: IpAddress;
}

/** Ranges of one family, out of which an attachment gets one address. */
export type RangeSet = readonly AddressRange[];

/**
 * Checks every range by itself and against the others.
 * @throws {PluginFailure} code 7, naming the range.
 */
export function completeRangeSets(sets: readonly (readonly RangeText[])[]): RangeSet[] {
  const complete = sets.map(completeRangeSet);
  for (const [index, set] of complete.entries()) {
    for (const [later, other] of complete.entries()) {
      if (later > index && setsOverlap(set, other)) refuse(`range sets ${index} and ${later} overlap`);
    }
  }
  return complete;
}

/** Gives the range of a set that has an address; `undefined`: none has. */
export function rangeOf(set: RangeSet, address: IpAddress): AddressRange | undefined {
  return set.find((range) => rangeContains(range, address));
}

/** Gives the addresses of a set that are never given out: gateways, of every set, and the networks' own and broadcast addresses. */
export function excludedOf(set: RangeSet, sets: readonly RangeSet[]): IpAddress[] {
  const gateways = sets.flat().map(({ gateway }) => gateway);
  const reserved = [...gateways, ...set.flatMap(({ subnet }) => endsOf(subnet))];
  const inside = reserved.filter((address) => rangeOf(set, address) !== undefined).toSorted(compareAddresses);
  return inside.filter((address, index) => {
    const before = inside[index - 1];
    return before === undefined || compareAddresses(before, address) !== 0;
  });
}

/** Gives the family of a set. */
export function familyOf(set: RangeSet): IpAddress["tag"] {
  return set[0]?.subnet.address.tag ?? "ipv4";
}

/** Writes a set for an error: `10.1.2.1-10.1.2.254,10.1.4.1-10.1.4.254`. */
export function formatRangeSet(set: RangeSet): string {
  return set.map(({ first, last }) => `${formatAddress(first)}-${formatAddress(last)}`).join(",");
}

function completeRangeSet(texts: readonly RangeText[], index: number): RangeSet {
  if (texts.length === 0) refuse(`range set ${index} is empty`);
  const set = texts.map(completeRange);
  if (set.some(({ subnet }) => subnet.address.tag !== familyOf(set)))
    refuse(`range set ${index} mixes address families`);
  for (const [position, range] of set.entries()) {
    const other = set.slice(position + 1).find((each) => rangesOverlap(range, each));
    if (other !== undefined)
      refuse(`range set ${index}: ${formatRangeSet([range])} and ${formatRangeSet([other])} overlap`);
  }
  return set;
}

function completeRange(text: RangeText): AddressRange {
  const subnet = checkSubnet(text);
  const network = networkAddress(subnet);
  const afterNetwork = nextAddress(network) ?? network;
  const gateway = text.gateway ?? afterNetwork;
  if (gateway.tag !== network.tag)
    invalid(`${text.source}.gateway`, `an address of the family of ${formatPrefix(subnet)}`, formatAddress(gateway));
  const { rangeStart, rangeEnd } = text;
  const first = rangeStart === undefined ? afterNetwork : inSubnet(`${text.source}.rangeStart`, rangeStart, subnet);
  const last = rangeEnd === undefined ? lastUsable(subnet) : inSubnet(`${text.source}.rangeEnd`, rangeEnd, subnet);
  if (compareAddresses(first, last) > 0)
    invalid(`${text.source}.rangeEnd`, `${formatAddress(first)} or later`, formatAddress(last));
  return { subnet, gateway, first, last };
}

function checkSubnet({ source, subnet }: RangeText): IpPrefix {
  if (subnet === undefined) return fail(CODES.invalidNetworkConfig, `${source}.subnet: want a subnet, got none`);
  const refuseFor = (wanted: string): never => invalid(`${source}.subnet`, wanted, formatPrefix(subnet));
  if (hasHostBits(subnet)) refuseFor(`a subnet without host bits, such as ${formatPrefix(networkOf(subnet))}`);
  const longest = addressBits(subnet.address.tag) - HOST_BITS_MIN;
  if (subnet.prefixLength > longest)
    refuseFor(`a prefix of at most ${longest} bits: it is too small to give addresses`);
  return subnet;
}

function inSubnet(source: string, address: IpAddress, subnet: IpPrefix): IpAddress {
  return prefixContains(subnet, address)
    ? address
    : invalid(source, `an address in ${formatPrefix(subnet)}`, formatAddress(address));
}

/** The last address but, for IPv4, the broadcast address. */
function lastUsable(subnet: IpPrefix): IpAddress {
  const last = lastAddress(subnet);
  return last.tag === "ipv6" ? last : (previousAddress(last) ?? last);
}

/** The network's own address (for IPv6 the routers' anycast address, RFC 4291, section 2.6.1), and the broadcast address of IPv4. */
function endsOf(subnet: IpPrefix): IpAddress[] {
  const last = lastAddress(subnet);
  return last.tag === "ipv4" ? [networkAddress(subnet), last] : [networkAddress(subnet)];
}

function setsOverlap(left: RangeSet, right: RangeSet): boolean {
  return left.some((range) => right.some((other) => rangesOverlap(range, other)));
}

function refuse(message: string): never {
  return fail(CODES.invalidNetworkConfig, message);
}
