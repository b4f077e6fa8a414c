import { afterAll, beforeAll, expect, test } from "vitest";
import { Rtnetlink, type Link } from "../../host/kernel/rtnetlink.ts";
import { formatIpAddress, formatIpPrefix, parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let node: TestNamespace;
let container: TestNamespace;
let links: Rtnetlink;
let inside: Rtnetlink;

beforeAll(() => {
  node = createNamespace();
  container = createNamespace();
  links = Rtnetlink.open(node.netns);
  inside = Rtnetlink.open(container.netns);
});

afterAll(() => {
  links[Symbol.dispose]();
  inside[Symbol.dispose]();
  node[Symbol.dispose]();
  container[Symbol.dispose]();
});

function linkOf(rtnetlink: Rtnetlink, name: string): Link {
  const link = rtnetlink.getLink({ name });
  if (link === undefined) throw new Error(`no link ${name}`);
  return link;
}

/** Makes a pair whose container end is up, on a bridge where that is given. */
function createPair(name: string, masterIndex?: number): { here: Link; there: Link } {
  links.createVeth({ node: { name: `v${name}`, masterIndex }, container: { name, netns: container.netns } });
  links.setLink(linkOf(links, `v${name}`).index, { up: true });
  inside.setLink(linkOf(inside, name).index, { up: true });
  return { here: linkOf(links, `v${name}`), there: linkOf(inside, name) };
}

function refusal(errno: string): object {
  return expect.objectContaining({ name: "KernelError", errno });
}

test("says of a link that is not there that it is not there", () => {
  expect(links.getLink({ name: "none" })).toBeUndefined();
  expect(links.getLink({ index: 4711 })).toBeUndefined();
});

test("knows which kinds of links can be made, and makes none", () => {
  const before = links.listLinks({ max: 100 }).length;
  expect(links.hasLinkKind("bridge")).toBe(true);
  expect(links.hasLinkKind("veth")).toBe(true);
  expect(links.hasLinkKind("no-such-kind" as "veth")).toBe(false);
  expect(links.listLinks({ max: 100 })).toHaveLength(before);
});

test("makes a bridge as it is asked for", () => {
  links.createBridge({ name: "br.dot", mtu: 1400, alias: "tag", group: 7 });
  expect(linkOf(links, "br.dot")).toMatchObject({
    kind: "bridge",
    mtu: 1400,
    up: false,
    alias: "tag",
    group: 7,
    peerIndex: undefined,
  });
  expect(() => links.createBridge({ name: "br.dot" })).toThrow(refusal("EEXIST"));
});

test("makes a veth pair across namespaces with all that is said of either end", () => {
  links.createBridge({ name: "br1" });
  const masterIndex = linkOf(links, "br1").index;
  links.createVeth({
    node: { name: "vfull", alias: "cnidaria:0123", masterIndex, mtu: 1300, group: 9 },
    container: { name: "full", netns: container.netns, mac: [2, 0, 0, 0, 0, 9], mtu: 1300 },
  });
  const here = linkOf(links, "vfull");
  const there = linkOf(inside, "full");
  expect(here).toMatchObject({
    kind: "veth",
    alias: "cnidaria:0123",
    masterIndex,
    mtu: 1300,
    group: 9,
    up: false,
    peerIndex: there.index,
  });
  expect(there).toMatchObject({
    kind: "veth",
    mac: [2, 0, 0, 0, 0, 9],
    mtu: 1300,
    up: false,
    peerIndex: here.index,
    alias: undefined,
  });
  expect(links.listLinks({ max: 10, masterIndex }).map(({ name }) => name)).toEqual(["vfull"]);
});

test.for([
  { title: "a name that is taken on the node", node: "vtwice", container: "free", errno: "EEXIST" },
  { title: "a name that is taken in the container", node: "vfree", container: "twice", errno: "EEXIST" },
  { title: "a master that is not there", node: "vfree", container: "free", masterIndex: 4711, errno: "EINVAL" },
  { title: "a name that is too long", node: "v234567890123456", container: "free", errno: "ERANGE" },
  { title: "an MTU out of range", node: "vfree", container: "free", mtu: 67, errno: "EINVAL" },
  { title: "an alias that is too long", node: "vfree", container: "free", alias: "a".repeat(256), errno: "EINVAL" },
])("makes no pair with $title, and leaves nothing behind", ({ node: name, container: other, errno, ...rest }) => {
  if (links.getLink({ name: "vtwice" }) === undefined) createPair("twice");
  const before = [links.listLinks({ max: 100 }).length, inside.listLinks({ max: 100 }).length];
  expect(() =>
    links.createVeth({ node: { name, ...rest }, container: { name: other, netns: container.netns } }),
  ).toThrow(refusal(errno));
  expect([links.listLinks({ max: 100 }).length, inside.listLinks({ max: 100 }).length]).toEqual(before);
});

test("changes many things of a link in one request", () => {
  const { here } = createPair("many");
  links.setLink(here.index, { up: false });
  const requests = links.counters.sent.get(19) ?? 0;
  links.setLink(here.index, {
    name: "renamed",
    mtu: 1280,
    mac: [2, 0, 0, 0, 0, 7],
    alias: "x",
    txQueueLength: 500,
    promiscuous: true,
    allMulticast: true,
    group: 3,
    up: true,
  });
  expect(links.counters.sent.get(19)).toBe(requests + 1);
  const changed = {
    name: "renamed",
    mtu: 1280,
    mac: [2, 0, 0, 0, 0, 7],
    alias: "x",
    txQueueLength: 500,
    promiscuous: true,
    allMulticast: true,
    group: 3,
    up: true,
  };
  expect(links.getLink({ index: here.index })).toMatchObject(changed);
  links.setLink(here.index, { promiscuous: false });
  expect(links.getLink({ index: here.index })).toMatchObject({ ...changed, promiscuous: false });
});

test("makes a link a port, sets it, and takes it from its bridge", () => {
  links.createBridge({ name: "br2" });
  const bridge = linkOf(links, "br2");
  const { here } = createPair("port");
  links.setLink(here.index, { masterIndex: bridge.index });
  links.setBridgePort(here.index, { hairpin: true, isolated: true });
  const [port] = JSON.parse(node.ip("-d -j link show vport")) as [
    { linkinfo: { info_slave_data: { hairpin: boolean; isolated: boolean } } },
  ];
  expect(port.linkinfo.info_slave_data).toMatchObject({ hairpin: true, isolated: true });
  links.setLink(here.index, { masterIndex: null });
  expect(links.getLink({ index: here.index })?.masterIndex).toBeUndefined();
});

test("adds, lists and deletes addresses of one link", () => {
  const { there } = createPair("addr");
  const texts = ["10.1.0.7/24", "10.1.0.8/32", "10.1.0.10/31", "2001:db8::7/64"];
  for (const text of texts) inside.addAddress(there.index, parseIpPrefix(text));
  const listed = (): string[] =>
    inside
      .listAddresses(there.index, { max: 10 })
      .filter(({ scope }) => scope === 0)
      .map(({ address }) => formatIpPrefix(address));
  expect(listed().toSorted()).toEqual(texts.toSorted());
  expect(container.ip("address show addr")).toContain("10.1.0.7/24 brd 10.1.0.255");
  expect(container.ip("address show addr")).not.toMatch(/10\.1\.0\.(?:8|10)\/3[12] brd/u);
  expect(() => inside.addAddress(there.index, parseIpPrefix("10.1.0.7/24"))).toThrow(refusal("EEXIST"));
  inside.deleteAddress(there.index, parseIpPrefix("10.1.0.7/24"));
  expect(listed()).not.toContain("10.1.0.7/24");
  expect(() => inside.deleteAddress(there.index, parseIpPrefix("10.1.0.7/24"))).toThrow(refusal("EADDRNOTAVAIL"));
  expect(() => inside.listAddresses(4711, { max: 10 })).toThrow(refusal("ENODEV"));
});

test("asks for the addresses of one link and gets no others", () => {
  const { there } = createPair("one");
  const other = createPair("other").there;
  inside.setLink(there.index, { up: false });
  inside.addAddress(there.index, parseIpPrefix("10.2.0.1/24"));
  for (let index = 1; index <= 50; index += 1) inside.addAddress(other.index, parseIpPrefix(`10.3.0.${index}/24`));
  const before = inside.counters.received;
  expect(inside.listAddresses(there.index, { family: "ipv4", max: 10 })).toHaveLength(1);
  // The address, and the end of the dump.
  expect(inside.counters.received - before).toBe(2);
});

test("bounds a list, and answers the next question as if nothing had been", () => {
  const { there } = createPair("bound");
  for (let index = 1; index <= 200; index += 1) inside.addAddress(there.index, parseIpPrefix(`10.4.0.${index}/24`));
  expect(() => inside.listAddresses(there.index, { family: "ipv4", max: 199 })).toThrow(refusal("EOVERFLOW"));
  expect(inside.listAddresses(there.index, { family: "ipv4", max: 200 })).toHaveLength(200);
  expect(inside.getLink({ name: "bound" })?.index).toBe(there.index);
});

test("adds routes exclusively, beside each other and in place of each other", () => {
  const { there } = createPair("route");
  inside.addAddress(there.index, parseIpPrefix("10.5.0.7/24"));
  const gateway = parseIpAddress("10.5.0.1");
  const route = { destination: parseIpPrefix("10.50.0.9/16"), gateway };
  inside.addRoute(there.index, route, "exclusive");
  expect(() => inside.addRoute(there.index, route, "exclusive")).toThrow(refusal("EEXIST"));
  expect(() => inside.addRoute(there.index, route, "append")).toThrow(refusal("EEXIST"));
  inside.addRoute(there.index, { ...route, gateway: parseIpAddress("10.5.0.2") }, "append");
  expect(container.ip("route show 10.50.0.0/16").trim().split("\n")).toHaveLength(2);
  inside.addRoute(there.index, { ...route, gateway: parseIpAddress("10.5.0.3") }, "replace");
  const far = { destination: parseIpPrefix("10.51.0.0/16"), gateway: parseIpAddress("192.0.2.1") };
  expect(() => inside.addRoute(there.index, far, "exclusive")).toThrow(refusal("ENETUNREACH"));
  inside.deleteRoute(there.index, route);
});

test("lists routes of every table over one link, with all that was said of them", () => {
  const { there } = createPair("list");
  inside.addAddress(there.index, parseIpPrefix("10.6.0.7/24"));
  const full = {
    destination: parseIpPrefix("10.60.0.0/16"),
    gateway: parseIpAddress("10.6.0.1"),
    source: parseIpAddress("10.6.0.7"),
    scope: "global",
    table: 1000,
    priority: 5,
    mtuBytes: 1280,
    advmssBytes: 1200,
  } as const;
  inside.addRoute(there.index, full, "exclusive");
  inside.addRoute(there.index, { destination: parseIpPrefix("10.61.0.0/16") }, "exclusive");
  const routes = inside.listRoutes(there.index, "ipv4", { max: 10 });
  expect(routes).toContainEqual(full);
  expect(routes.map(({ destination, scope }) => [formatIpPrefix(destination), scope])).toEqual(
    expect.arrayContaining([
      ["10.6.0.0/24", "link"],
      ["10.61.0.0/16", "link"],
    ]),
  );
  expect(routes).toHaveLength(3);
  expect(() => inside.listRoutes(there.index, "ipv4", { max: 2 })).toThrow(refusal("EOVERFLOW"));
  inside.deleteRoute(there.index, full);
  expect(() => inside.deleteRoute(there.index, full)).toThrow(refusal("ESRCH"));
});

test("adds and lists IPv6 routes", () => {
  const { there } = createPair("six");
  inside.addAddress(there.index, parseIpPrefix("2001:db8:6::7/64"));
  inside.addRoute(
    there.index,
    { destination: parseIpPrefix("::/0"), gateway: parseIpAddress("2001:db8:6::1") },
    "exclusive",
  );
  const routes = inside.listRoutes(there.index, "ipv6", { max: 10 });
  const gateways = routes.map(({ destination, gateway }) => [
    formatIpPrefix(destination),
    gateway && formatIpAddress(gateway),
  ]);
  expect(gateways).toContainEqual(["::/0", "2001:db8:6::1"]);
  expect(gateways).toContainEqual(["2001:db8:6::/64", undefined]);
});

test("gives the kernel's own words with an error", () => {
  expect(() => links.createBridge({ name: "br3", mtu: 1_000_000 })).toThrow(/mtu greater than device maximum/u);
});

test("uses no socket after it is closed", () => {
  const closed = Rtnetlink.open(node.netns);
  closed[Symbol.dispose]();
  expect(() => closed.getLink({ name: "lo" })).toThrow(refusal("EBADF"));
});

test("stays in its namespace when the descriptor it was opened with is closed", async () => {
  using namespace = createNamespace();
  using rtnetlink = Rtnetlink.open(namespace.netns);
  namespace.netns[Symbol.dispose]();
  rtnetlink.createBridge({ name: "br0" });
  await rtnetlink.deleteLinks([linkOf(rtnetlink, "br0").index]);
  expect(rtnetlink.getLink({ name: "br0" })).toBeUndefined();
});
