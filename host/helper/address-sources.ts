/**
 * @module Which addresses an attachment may have, by the ledger and by what its operation was given. Both are the operator's and the runtime's: no plugin
 * writes into them but by a lease that it is granted.
 */
import { isAccountedFor, namedPrefixes } from "../grants/given-addresses.ts";
import type { IpPrefix } from "../spec/ip.ts";
import type { HelperState, OpenOperation } from "./state.ts";

/** Gives those of addresses that plugins of an operation answered which are not the attachment's. */
export function foreignAddresses(
  { ledger }: Pick<HelperState, "ledger">,
  { key, begun }: Pick<OpenOperation, "key" | "begun">,
  answered: readonly IpPrefix[],
): readonly IpPrefix[] {
  if (answered.length === 0) return [];
  const { network, containerId, ifname } = key;
  const texts = [begun.configuration, begun.runtimeConfig, ...begun.args.map(([, value]) => value)];
  const leased = ledger.leases.list({ network, containerId, ifname }).map(({ address }) => address);
  const sources = { named: texts.flatMap(namedPrefixes), leased };
  return answered.filter((each) => !isAccountedFor(each, sources));
}
