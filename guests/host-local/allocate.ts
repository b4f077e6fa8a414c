/**
 * @module ADD of the plugin `host-local`: one address of each range set.
 */
import type { ErrorCode } from "cnidaria:plugin/leases@0.1.0";
import type { IpAddress, Request, ResultIp } from "cnidaria:plugin/types@0.1.0";

import type { Requested } from "../sdk/arguments.ts";
import { type Attempt, attempt, CODES, fail, must } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { formatAddress } from "../sdk/ip-text.ts";
import type { HostLocalConfiguration } from "./configuration.ts";
import type { HostLocalImports } from "./imports.ts";
import { excludedOf, formatRangeSet, rangeOf, type RangeSet } from "./ranges.ts";

type Leases = HostLocalImports["leases"];

/** One ADD. */
interface Allocation {
  readonly leases: Leases;
  readonly sets: readonly RangeSet[];
  readonly request: Request;
  /** What is reserved so far, in the order of the sets. */
  readonly reserved: IpAddress[];
}

/**
 * Reserves an address of each set, one that is asked for where there is one. What it reserved is released when it fails.
 * @throws {PluginFailure} code 108 when no address is free, or one that is asked for cannot be had; 109 when the attachment has one.
 */
export function allocate(leases: Leases, configuration: HostLocalConfiguration, request: Request): ResultIp[] {
  const { sets } = configuration;
  const reserved: IpAddress[] = [];
  try {
    const left = [...configuration.requested];
    const ips = sets.map((set, index) => {
      const wanted = takeWanted(left, set);
      return reserveFrom({ leases, sets, request, reserved }, index, wanted);
    });
    if (left.length > 0) refuseLeftover(left);
    return ips;
  } catch (caught) {
    releaseReserved(leases, reserved);
    throw caught;
  }
}

/** Takes the first address that is asked for and lies in the set out of the list; `undefined`: none does. */
function takeWanted(left: Requested[], set: RangeSet): Requested | undefined {
  const index = left.findIndex(({ address }) => rangeOf(set, address) !== undefined);
  return index < 0 ? undefined : left.splice(index, 1)[0];
}

function reserveFrom(allocation: Allocation, setIndex: number, wanted: Requested | undefined): ResultIp {
  const set = allocation.sets[setIndex] ?? [];
  const address =
    wanted === undefined ? reserveNext(allocation, setIndex, set) : reserveWanted(allocation, setIndex, wanted);
  allocation.reserved.push(address);
  const range = rangeOf(set, address);
  if (range === undefined)
    return fail(CODES.internal, `${formatAddress(address)} is not in range set ${formatRangeSet(set)}`);
  return { address: { address, prefixLength: range.subnet.prefixLength }, gateway: range.gateway };
}

function reserveNext({ leases, sets, request }: Allocation, setIndex: number, set: RangeSet): IpAddress {
  const ranges = set.map(({ first, last }) => ({ first, last }));
  const got: Attempt<IpAddress, ErrorCode> = attempt(() => leases.reserveNext(setIndex, ranges, excludedOf(set, sets)));
  if (got.ok) return got.value;
  if (got.error === "exhausted") return fail(CODES.noAddress, `no address is free in range set ${formatRangeSet(set)}`);
  if (got.error === "already-exists") return fail(CODES.alreadyExists, duplicateMessage(leases, setIndex, request));
  return must(`reserve an address of range set ${formatRangeSet(set)}`, () => rethrow(got.error));
}

function reserveWanted({ leases, sets }: Allocation, setIndex: number, { source, address }: Requested): IpAddress {
  const set = sets[setIndex] ?? [];
  const text = formatAddress(address);
  if (excludedOf(set, sets).some((each) => addressesEqual(each, address))) {
    fail(CODES.noAddress, `${source}: ${text} is a gateway, a network's own or a broadcast address`);
  }
  const got: Attempt<void, ErrorCode> = attempt(() => leases.reserve(setIndex, address));
  if (got.ok) return address;
  if (got.error === "taken")
    return fail(CODES.noAddress, `${source}: ${text} is not available in range set ${formatRangeSet(set)}`);
  return must(`reserve ${text}`, () => rethrow(got.error));
}

function duplicateMessage(leases: Leases, setIndex: number, { containerId, ifname }: Request): string {
  const listed = attempt<ReturnType<Leases["list"]>, ErrorCode>(() => leases.list());
  const lease = listed.ok ? listed.value.find((each) => each.setIndex === setIndex) : undefined;
  const what = lease === undefined ? "an address" : formatAddress(lease.address);
  return `${what} is allocated to ${containerId} ${ifname} already, a second allocation is not allowed`;
}

function refuseLeftover(left: readonly Requested[]): never {
  const wanted = left.map(({ source, address }) => `${formatAddress(address)} (${source})`).join(", ");
  return fail(CODES.noAddress, `no range set has ${wanted}`);
}

/**
 * Releases what this ADD reserved. `release` takes all of the attachment's: with a lease of an earlier ADD among them it is left to the
 * host, which undoes this call's alone.
 */
function releaseReserved(leases: Leases, reserved: readonly IpAddress[]): void {
  if (reserved.length === 0) return;
  const listed = attempt<ReturnType<Leases["list"]>, ErrorCode>(() => leases.list());
  if (!listed.ok || !listed.value.every((lease) => reserved.some((each) => addressesEqual(each, lease.address))))
    return;
  attempt(() => leases.release());
}

function rethrow(error: ErrorCode): never {
  throw { payload: error };
}
