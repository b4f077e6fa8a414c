/**
 * @module The network of a node and of a container, as lines. Needs no test runner.
 */
import { run, runJson } from "./command.ts";

/** A line per thing. */
export type Snapshot = readonly string[];

/**
 * Looks at the node: links, addresses, routes, packet filter. The frame of the packet filter, two empty maps and a chain that looks into
 * them, stays and is no line.
 */
export function nodeSnapshot(): Snapshot {
  return [...links(), ...routes(), ...filterLines()].toSorted();
}

/** Looks at the links, addresses and routes of a container. */
export function containerSnapshot(id: string): Snapshot {
  return [...links("-n", id), ...routes("-n", id)].toSorted();
}

interface IpLink {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly ifalias?: string;
}

function links(...where: string[]): string[] {
  return (runJson("ip", ...where, "-j", "addr") as readonly IpLink[]).flatMap(
    ({ ifname, addr_info, flags, mtu, ifalias }) => [
      `link ${ifname} ${flags.includes("UP") ? "up" : "down"} mtu ${mtu} ${ifalias ?? ""}`,
      ...addr_info.map(({ local, prefixlen }) => `address ${ifname} ${local}/${prefixlen}`),
    ],
  );
}

function routes(...where: string[]): string[] {
  const all = ["-4", "-6"].flatMap((family) => runJson("ip", ...where, family, "-j", "route", "show", "table", "all"));
  return all.map((route) => `route ${JSON.stringify(route)}`);
}

type NftObject = Readonly<
  Record<
    string,
    { readonly hook?: string; readonly chain?: string; readonly name?: string; readonly elem?: readonly unknown[] }
  >
>;

function filterLines(): string[] {
  const { nftables } = JSON.parse(run("nft", "-j", "list", "ruleset")) as { readonly nftables: readonly NftObject[] };
  const hooked = new Set(nftables.flatMap(({ chain }) => (chain?.hook === undefined ? [] : [chain.name])));
  return nftables.flatMap(({ chain, rule, map, set }) => {
    if (chain !== undefined) return chain.hook === undefined ? [`chain ${chain.name}`] : [];
    if (rule !== undefined) return hooked.has(rule.chain) ? [] : [`rule in ${rule.chain}`];
    return [map, set].flatMap((each) =>
      (each?.elem ?? []).map((element) => `element of ${each?.name} ${JSON.stringify(element)}`),
    );
  });
}
