import { expect, test } from "vitest";
import { patternCovers, patternMatches, settingPattern } from "../../host/grants/setting-patterns.ts";

test.for([
  { pattern: "net.core.somaxconn", name: "net.core.somaxconn", want: true },
  { pattern: "net.core.somaxconn", name: "net.core.somaxconn2", want: false },
  { pattern: "net.core.somaxconn", name: "net.coreXsomaxconn", want: false },
  { pattern: "net.core", name: "net.core.somaxconn", want: false },
  { pattern: "net.core.*", name: "net.core.somaxconn", want: true },
  { pattern: "net.*", name: "net.core.somaxconn", want: false },
  { pattern: "net.**", name: "net.core.somaxconn", want: true },
  { pattern: "net.core.**", name: "net.core", want: false },
  { pattern: "net.ipv4.conf.IFNAME.x", name: "net.ipv4.conf.eth0.x", want: true },
  { pattern: "net.ipv4.conf.IFNAME.x", name: "net.ipv4.conf.eth1.x", want: false },
  { pattern: "net.ipv4.conf.*.x", name: "net.ipv4.conf.eth0/7.x", want: true },
  { pattern: "net.ipv4.conf.eth0.**", name: "net.ipv4.conf.eth0/7.x", want: false },
  { pattern: "net.**", name: "kernel.panic", want: false },
  { pattern: "net.**", name: "net.core.", want: false },
])("$pattern and $name: $want", ({ pattern, name, want }) => {
  expect(patternMatches(pattern, name, "eth0")).toBe(want);
});

test.for([
  { outer: "net.**", inner: "net.core.**", want: true },
  { outer: "net.**", inner: "net.**", want: true },
  { outer: "net.core.**", inner: "net.**", want: false },
  { outer: "net.core.*", inner: "net.core.**", want: false },
  { outer: "net.core.*", inner: "net.core.somaxconn", want: true },
  { outer: "net.ipv4.conf.*.x", inner: "net.ipv4.conf.IFNAME.x", want: true },
  { outer: "net.ipv4.conf.IFNAME.x", inner: "net.ipv4.conf.*.x", want: false },
  { outer: "net.ipv4.conf.eth0.x", inner: "net.ipv4.conf.IFNAME.x", want: false },
])("$outer covers $inner: $want", ({ outer, inner, want }) => {
  expect(patternCovers(outer, inner)).toBe(want);
});

test.for(["net.core.*", "net.**", "net.ipv4.conf.IFNAME.arp_filter"])("%s is a pattern", (text) => {
  expect(settingPattern.safeParse(text).success).toBe(true);
});

test.for(["", "**", "*.core", "kernel.**", "net.**.x", "net..x", "^net\\..*$"])("%j is none", (text) => {
  expect(settingPattern.safeParse(text).success).toBe(false);
});
