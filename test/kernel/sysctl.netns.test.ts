import { afterAll, beforeAll, expect, test } from "vitest";
import { readSysctl, writeSysctl, type SysctlKey } from "../../host/kernel/sysctl.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let node: TestNamespace;

beforeAll(() => {
  node = createNamespace();
  node.ip("link add veth.7 type veth peer name other");
});

afterAll(() => node[Symbol.dispose]());

test.for([
  { key: { name: "ip_forward" }, file: "ipv4/ip_forward", value: 1 },
  { key: { name: "ipv6_forwarding" }, file: "ipv6/conf/all/forwarding", value: 1 },
  { key: { name: "accept_ra", link: "veth.7" }, file: "ipv6/conf/veth.7/accept_ra", value: 0 },
  { key: { name: "accept_dad", link: "veth.7" }, file: "ipv6/conf/veth.7/accept_dad", value: 0 },
  { key: { name: "enhanced_dad", link: "veth.7" }, file: "ipv6/conf/veth.7/enhanced_dad", value: 0 },
  { key: { name: "ndisc_notify", link: "veth.7" }, file: "ipv6/conf/veth.7/ndisc_notify", value: 1 },
  { key: { name: "disable_ipv6", link: "veth.7" }, file: "ipv6/conf/veth.7/disable_ipv6", value: 1 },
  { key: { name: "keep_addr_on_down", link: "veth.7" }, file: "ipv6/conf/veth.7/keep_addr_on_down", value: -1 },
  { key: { name: "route_localnet", link: "veth.7" }, file: "ipv4/conf/veth.7/route_localnet", value: 1 },
  { key: { name: "arp_notify", link: "veth.7" }, file: "ipv4/conf/veth.7/arp_notify", value: 1 },
] satisfies { key: SysctlKey; file: string; value: number }[])(
  "writes $file, and gives what it replaced",
  ({ key, file, value }) => {
    // A new namespace begins with what the machine has, which may be the value.
    writeSysctl(node.netns, key, value === 1 ? 0 : 1);
    const before = readSysctl(node.netns, key);
    expect(before).not.toBe(value);
    expect(writeSysctl(node.netns, key, value)).toBe(before);
    expect(node.run("cat", `/proc/sys/net/${file}`).trim()).toBe(String(value));
    expect(writeSysctl(node.netns, key, before)).toBe(value);
    expect(readSysctl(node.netns, key)).toBe(before);
  },
);

test("writes in that namespace only", () => {
  using other = createNamespace();
  const before = readSysctl(other.netns, { name: "ip_forward" });
  writeSysctl(node.netns, { name: "ip_forward" }, 1 - before);
  expect(readSysctl(other.netns, { name: "ip_forward" })).toBe(before);
});

test.for(["", ".", "..", "all", "default", "../../../kernel", "a/b", "x\0y", "0123456789abcdef"])(
  "refuses %j as a link's name",
  (link) => {
    expect(() => writeSysctl(node.netns, { name: "accept_ra", link }, 0)).toThrow(
      expect.objectContaining({ errno: "EINVAL" }),
    );
  },
);

test("names the error of a link that is not there", () => {
  expect(() => readSysctl(node.netns, { name: "accept_ra", link: "none" })).toThrow(
    expect.objectContaining({ errno: "ENOENT" }),
  );
});

test("names the error of a value that the kernel refuses", () => {
  const key = { name: "keep_addr_on_down", link: "veth.7" } as const;
  expect(() => writeSysctl(node.netns, key, 2 ** 40)).toThrow(expect.objectContaining({ errno: "EINVAL" }));
});
