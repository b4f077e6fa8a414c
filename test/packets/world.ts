/**
 * @module The places of the packet-level suite: a node, three containers, somebody outside, and somebody beyond, whose packets to others
 * pass the node as well.
 */
import { writeFileSync } from "node:fs";
import { run } from "../support/command.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { createPlace, openNode } from "./place.ts";
import type { Place } from "./place.ts";

/** Port on which the node answers on its 127.0.0.1, to itself. */
export const SECRET_PORT = 7;

/** Everybody. */
export interface World extends AsyncDisposable {
  readonly subject: TestHost;
  readonly node: Place;
  readonly containers: { readonly one: Place; readonly two: Place; readonly three: Place };
  readonly outside: Place;
  readonly beyond: Place;
}

/** What the addresses of one family are. */
export interface Family {
  readonly version: "4" | "6";
  /** The node's, on the link to the outside. */
  readonly node: string;
  /** Another one of the node's, on the same link. */
  readonly second: string;
  readonly outside: string;
  /** Of another machine, which the node is the router of. */
  readonly beyond: string;
  /** The subnet of a network by its number. */
  readonly subnet: (network: number) => string;
  /** The node's address in that subnet. */
  readonly gateway: (network: number) => string;
  /** An address of that subnet that nobody was given. */
  readonly foreign: (network: number) => string;
  /** Whatever address there is. */
  readonly all: string;
  /** Bits of one address. */
  readonly bits: number;
}

export const V4: Family = {
  version: "4",
  node: "192.0.2.1",
  second: "192.0.2.9",
  outside: "192.0.2.2",
  beyond: "198.51.100.2",
  subnet: (network) => `10.90.${network}.0/24`,
  gateway: (network) => `10.90.${network}.1`,
  foreign: (network) => `10.90.${network}.200`,
  all: "0.0.0.0/0",
  bits: 32,
};

export const V6: Family = {
  version: "6",
  node: "2001:db8:ffff::1",
  second: "2001:db8:ffff::9",
  outside: "2001:db8:ffff::2",
  beyond: "2001:db8:eeee::2",
  subnet: (network) => `2001:db8:90:${network}::/64`,
  gateway: (network) => `2001:db8:90:${network}::1`,
  foreign: (network) => `2001:db8:90:${network}::200`,
  all: "::/0",
  bits: 128,
};

/** With IPv6 the address that was given last is the one that is masqueraded as; with IPv4 the first. */
const LINKS = [
  {
    link: "vout",
    place: "outside",
    addresses: ["192.0.2.1/24", "192.0.2.9/24", "2001:db8:ffff::9/64", "2001:db8:ffff::1/64"],
  },
  { link: "vbeyond", place: "beyond", addresses: ["198.51.100.1/24", "2001:db8:eeee::1/64"] },
] as const;

const THEIRS = {
  outside: { addresses: ["192.0.2.2/24", "2001:db8:ffff::2/64"], gateways: ["192.0.2.1", "2001:db8:ffff::1"] },
  beyond: { addresses: ["198.51.100.2/24", "2001:db8:eeee::2/64"], gateways: ["198.51.100.1", "2001:db8:eeee::1"] },
} as const;

/** Makes everybody, in the test's own namespace and beside it. */
export async function createWorld(plugins: readonly string[]): Promise<World> {
  // Else a new link's IPv6 address is of no use for a second.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  // The first network does it, and it stays.
  for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) writeFileSync(`/proc/sys/net/${name}`, "1");
  const subject = await createTestHost({ plugins });
  const [one, two, three, outside, beyond] = await Promise.all([
    createPlace("one"),
    createPlace("two"),
    createPlace("three"),
    createPlace("outside"),
    createPlace("beyond"),
  ]);
  const node = openNode();
  await node.do({ kind: "serve", port: SECRET_PORT, name: "secret", address: "127.0.0.1" });
  const world = { subject, node, containers: { one, two, three }, outside, beyond };
  for (const { link, place, addresses } of LINKS)
    connect({ link, addresses, place: world[place], theirs: THEIRS[place] });
  return {
    ...world,
    [Symbol.asyncDispose]: async () => {
      await subject[Symbol.asyncDispose]();
      for (const { link } of LINKS) run("ip", "link", "del", link);
      await Promise.all([node, one, two, three, outside, beyond].map((place) => place[Symbol.asyncDispose]()));
    },
  };
}

interface Connection {
  readonly link: string;
  readonly addresses: readonly string[];
  readonly place: Place;
  readonly theirs: { readonly addresses: readonly string[]; readonly gateways: readonly string[] };
}

function connect({ link, addresses, place, theirs }: Connection): void {
  run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", place.namespace ?? "");
  for (const address of addresses) run("ip", "address", "add", address, "dev", link);
  run("ip", "link", "set", link, "up");
  for (const address of theirs.addresses) place.run("ip", "address", "add", address, "dev", "eth0");
  place.run("ip", "link", "set", "eth0", "up");
  for (const gateway of theirs.gateways)
    place.run("ip", gateway.includes(":") ? "-6" : "-4", "route", "add", "default", "via", gateway);
}
