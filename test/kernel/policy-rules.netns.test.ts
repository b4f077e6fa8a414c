import { afterEach, beforeEach, expect, test } from "vitest";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { formatIpPrefix, parseIpPrefix } from "../../host/spec/ip.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let space: TestNamespace;
let rtnetlink: Rtnetlink;

beforeEach(() => {
  space = createNamespace();
  rtnetlink = Rtnetlink.open(space.netns);
});
afterEach(() => {
  rtnetlink[Symbol.dispose]();
  space[Symbol.dispose]();
});

const refusal = (errno: string): object => expect.objectContaining({ name: "KernelError", errno });
const rule = (source: string, table: number, priority?: number) => ({
  source: parseIpPrefix(source),
  table,
  ...(priority === undefined ? {} : { priority }),
});
const listed = (max = 10): string[] =>
  rtnetlink.rules.list(max).map(({ source, table }) => `${formatIpPrefix(source)} ${table}`);

test("adds, lists and deletes rules of both families, with tables beyond one octet", () => {
  rtnetlink.rules.add(rule("10.1.0.2/32", 100));
  rtnetlink.rules.add(rule("10.1.0.3/32", 70_000, 50));
  rtnetlink.rules.add(rule("2001:db8::2/128", 300));
  expect(space.ip("rule")).toMatch(/^50:\tfrom 10\.1\.0\.3 lookup 70000$/mu);
  expect(space.ip("rule")).toMatch(/^32765:\tfrom 10\.1\.0\.2 lookup 100$/mu);
  expect(space.ip("-6 rule")).toMatch(/from 2001:db8::2 lookup 300/u);
  expect(listed()).toEqual(["10.1.0.3/32 70000", "10.1.0.2/32 100", "2001:db8::2/128 300"]);
  expect(rtnetlink.rules.list(10)[0]).toMatchObject({ priority: 50 });
  for (const each of [rule("10.1.0.2/32", 100), rule("10.1.0.3/32", 70_000), rule("2001:db8::2/128", 300)])
    rtnetlink.rules.delete(each);
  expect(listed()).toEqual([]);
});

test("says of a rule that it is there, and of one that it is not", () => {
  rtnetlink.rules.add(rule("10.1.0.2/32", 100, 7));
  expect(() => rtnetlink.rules.add(rule("10.1.0.2/32", 100, 7))).toThrow(refusal("EEXIST"));
  expect(() => rtnetlink.rules.delete(rule("10.1.0.2/32", 101))).toThrow(refusal("ENOENT"));
  expect(() => rtnetlink.rules.delete(rule("10.1.0.3/32", 100))).toThrow(refusal("ENOENT"));
});

test("lists neither rules without a source nor those that drop, and takes a shorter prefix for what it is", () => {
  space.ip("rule add from all lookup 200");
  space.ip("rule add from 10.2.0.0/16 blackhole");
  space.ip("rule add from 10.3.0.0/16 lookup 201");
  expect(listed()).toEqual(["10.3.0.0/16 201"]);
});

test("knows the tables that a rule leads to, and those with a route, of whatever kind", () => {
  space.ip("link set lo up");
  space.ip("rule add from all lookup 200");
  space.ip("-6 rule add from 2001:db8::/32 lookup 201");
  space.ip("route add 10.9.0.0/24 dev lo table 202");
  space.ip("-6 route add blackhole 2001:db8:9::/48 table 70000");
  const used = rtnetlink.rules.tablesInUse(1024);
  for (const table of [200, 201, 202, 70_000]) expect(used.has(table)).toBe(true);
  expect(used.has(100)).toBe(false);
});

test("stops where the owner of the namespace has made more than is looked at", () => {
  for (let each = 1; each <= 12; each += 1) space.ip(`rule add from 10.1.0.${each} lookup 100`);
  expect(() => rtnetlink.rules.list(10)).toThrow(refusal("EOVERFLOW"));
  expect(() => rtnetlink.rules.tablesInUse(10)).toThrow(refusal("EOVERFLOW"));
  // The socket still answers.
  expect(rtnetlink.rules.list(100)).toHaveLength(12);
});

test("finds policy routing without making anything", () => {
  const before = space.ip("rule");
  expect(rtnetlink.rules.isSupported("ipv4")).toBe(true);
  expect(rtnetlink.rules.isSupported("ipv6")).toBe(true);
  expect(space.ip("rule")).toBe(before);
});
