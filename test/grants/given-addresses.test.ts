import { expect, test } from "vitest";
import { isAccountedFor, namedPrefixes } from "../../host/grants/given-addresses.ts";
import { formatIpPrefix, parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";

test("a text names its addresses with a prefix length, whatever stands around them", () => {
  const text =
    '{"ipam":{"subnet":"10.1.0.0/24","gateway":"10.1.0.1","dns":"2001:db8::/64"}} IP=10.2.0.5/16,10.3.0.1/8;x/y 1/2';
  expect(namedPrefixes(text).map(formatIpPrefix)).toEqual([
    "10.1.0.0/24",
    "2001:db8::/64",
    "10.2.0.5/16",
    "10.3.0.1/8",
  ]);
});

test.for([
  { answered: "10.1.0.2/24", is: true, why: "leased, in a subnet that is named" },
  { answered: "10.1.0.3/24", is: false, why: "in the subnet, and not leased" },
  { answered: "10.1.0.2/16", is: false, why: "leased, with another length than the subnet's" },
  { answered: "10.1.0.2/0", is: false, why: "leased, in what a default route names" },
  { answered: "10.2.0.5/16", is: true, why: "named as it is" },
  { answered: "10.2.0.6/16", is: false, why: "beside one that is named" },
  { answered: "8.8.8.8/32", is: false, why: "neither leased nor named" },
  { answered: "192.0.2.9/24", is: false, why: "leased, in no subnet that is named" },
  { answered: "2001:db8::7/64", is: true, why: "leased, in a subnet of IPv6" },
])("$answered: $why", ({ answered, is }) => {
  const named = ["10.1.0.0/24", "0.0.0.0/0", "10.2.0.5/16", "2001:db8::/64"].map(parseIpPrefix);
  const leased = ["10.1.0.2", "192.0.2.9", "2001:db8::7"].map(parseIpAddress);
  expect(isAccountedFor(parseIpPrefix(answered), { named, leased })).toBe(is);
});
