import { describe, expect, test } from "vitest";
import { settingNameOf, settingSegments } from "../../host/spec/setting-name.ts";

describe("settingSegments", () => {
  test.for([
    { name: "net.core.somaxconn", want: ["net", "core", "somaxconn"] },
    { name: "net.nf_conntrack_max", want: ["net", "nf_conntrack_max"] },
    { name: "net.ipv4.conf.eth0/7.arp_filter", want: ["net", "ipv4", "conf", "eth0.7", "arp_filter"] },
    { name: "net.ipv4.conf./a.x", want: ["net", "ipv4", "conf", ".a", "x"] },
  ])("splits $name", ({ name, want }) => {
    expect(settingSegments(name)).toEqual(want);
  });

  test.for([
    "",
    "net",
    "net.",
    ".net.core",
    "net..core",
    "net./.core",
    "net.//.kernel",
    "net./",
    "kernel.panic",
    "net/core/somaxconn",
    "Net.core.somaxconn",
    "network.core",
    "net.core.x\0",
    "net.core.x\n",
    `net.${"x".repeat(300)}`,
  ])("refuses %j", (name) => {
    expect(settingSegments(name)).toBeUndefined();
  });
});

test.for([
  { key: "net.core.somaxconn", ifname: "eth0", want: "net.core.somaxconn" },
  { key: "net/ipv4/conf/IFNAME/arp_filter", ifname: "eth0", want: "net.ipv4.conf.eth0.arp_filter" },
  { key: "net.ipv4.conf.IFNAME.x", ifname: "a.b.c", want: "net.ipv4.conf.a/b/c.x" },
  { key: "net.IFNAME.IFNAME", ifname: "$1", want: "net.$1.IFNAME" },
])("$key of $ifname is $want", ({ key, ifname, want }) => {
  expect(settingNameOf(key, ifname)).toBe(want);
});
