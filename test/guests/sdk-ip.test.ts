import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  addressBits,
  addressesEqual,
  compareAddresses,
  defaultDestination,
  hasHostBits,
  type IpAddress,
  type IpPrefix,
  lastAddress,
  networkAddress,
  networkOf,
  nextAddress,
  prefixContains,
  prefixesEqual,
  previousAddress,
  rangeContains,
  rangesOverlap,
} from "../../guests/sdk/ip.ts";
import { formatAddress, formatPrefix, readAddress, readPrefix } from "../../guests/sdk/ip-text.ts";
import { formatMac, macsEqual, readMac } from "../../guests/sdk/mac.ts";
import { cidr, ip } from "./requests.ts";

const octet = fc.integer({ min: 0, max: 255 });
/** Zeros are likely, so that runs of them are. */
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const ipv4 = fc.tuple(octet, octet, octet, octet).map((val): IpAddress => ({ tag: "ipv4", val }));
const ipv6 = fc
  .tuple(group, group, group, group, group, group, group, group)
  .map((val): IpAddress => ({ tag: "ipv6", val }));
const anyAddress = fc.oneof(ipv4, ipv6);
const anyPrefix = fc.oneof(
  fc.record({ address: ipv4, prefixLength: fc.integer({ min: 0, max: 32 }) }),
  fc.record({ address: ipv6, prefixLength: fc.integer({ min: 0, max: 128 }) }),
) satisfies fc.Arbitrary<IpPrefix>;

/** The address as a number, to compare with. */
function integerOf({ tag, val }: IpAddress): bigint {
  const bits = tag === "ipv4" ? 8n : 16n;
  return (val as readonly number[]).reduce((value, each) => (value << bits) | BigInt(each), 0n);
}

describe("addresses as text", () => {
  const CANONICAL = [
    ["10.1.0.7", "10.1.0.7"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::7", "2001:db8::7"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["::ffff:a00:1", "::ffff:10.0.0.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ] as const;

  test.for(CANONICAL)("%s is written %s", ([text, written]) => {
    expect(formatAddress(ip(text))).toBe(written);
  });

  const REFUSED = [
    ["", "nothing"],
    ["10.1.0", "three octets"],
    ["10.1.0.7.8", "five octets"],
    ["10.1.0.256", "an octet past 255"],
    ["010.1.0.7", "a leading zero"],
    ["10.1.0.-7", "a sign"],
    [" 10.1.0.7", "a space"],
    ["0x0a.1.0.7", "hexadecimal"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["1:2:3:4::5:6:7:8", "a run of no group"],
    ["1::2::3", "two runs"],
    [":1:2:3:4:5:6:7", "a colon at the start"],
    ["1:2:3:4:5:6:7:", "a colon at the end"],
    ["12345::", "five digits"],
    ["fe80::1%eth0", "a zone"],
    ["1.2.3.4::", "a quad that is not at the end"],
    ["::1.2.3", "half a quad"],
  ] as const;

  test.for(REFUSED)("%j is no address: %s", ([text]) => {
    expect(readAddress(text)).toBeUndefined();
  });

  test.for(["10.1.0.7", "10.1.0.7/", "10.1.0.7/33", "::/129", "10.1.0.7/08", "10.1.0.7/-1", "10.1.0.7/24/1", "/24"])(
    "%j is no prefix",
    (text) => {
      expect(readPrefix(text)).toBeUndefined();
    },
  );

  test("what is written is read back", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(readAddress(formatAddress(address))).toEqual(address);
      }),
    );
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(readPrefix(formatPrefix(prefix))).toEqual(prefix);
      }),
    );
  });
});

describe("arithmetic", () => {
  test("is that of numbers", () => {
    fc.assert(
      fc.property(anyPrefix, anyAddress, (prefix, other) => {
        const { address, prefixLength } = prefix;
        const hostMask = (1n << BigInt(addressBits(address.tag) - prefixLength)) - 1n;
        const value = integerOf(address);
        const next = nextAddress(address);
        if (next !== undefined) expect(integerOf(next)).toBe(value + 1n);
        expect(integerOf(lastAddress(prefix))).toBe(value | hostMask);
        expect(integerOf(networkAddress(prefix))).toBe((value | hostMask) ^ hostMask);
        const isInside = other.tag === address.tag && (integerOf(other) | hostMask) === (value | hostMask);
        expect(prefixContains(prefix, other)).toBe(isInside);
      }),
    );
  });

  test("the next address is one later, and its previous one is the address", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const next = nextAddress(address);
        if (next === undefined) return;
        expect(compareAddresses(address, next)).toBeLessThan(0);
        expect(previousAddress(next)).toEqual(address);
      }),
    );
  });

  const STEPS = [
    ["10.1.0.255", "10.1.1.0"],
    ["::ffff", "::1:0"],
    ["255.255.255.255", undefined],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", undefined],
  ] as const;

  test.for(STEPS)("after %s comes %s", ([text, after]) => {
    const next = nextAddress(ip(text));
    expect(next === undefined ? undefined : formatAddress(next)).toBe(after);
  });

  test("before the first address there is none", () => {
    expect(previousAddress(ip("0.0.0.0"))).toBeUndefined();
    expect(previousAddress(ip("::"))).toBeUndefined();
  });

  test("orders IPv4 before IPv6, then by value", () => {
    const order = ["9.255.0.0", "10.0.0.0", "10.0.0.1", "::", "::1", "2001:db8::"];
    const shuffled = [3, 1, 5, 0, 2, 4].map((index) => ip(order[index] ?? ""));
    expect(shuffled.toSorted(compareAddresses).map(formatAddress)).toEqual(order);
  });
});

describe("networks", () => {
  const ENDS = [
    ["10.1.2.77/24", "10.1.2.0", "10.1.2.255"],
    ["10.1.2.77/32", "10.1.2.77", "10.1.2.77"],
    ["10.1.2.77/0", "0.0.0.0", "255.255.255.255"],
    ["2001:db8::77/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
    ["2001:db8::77/126", "2001:db8::74", "2001:db8::77"],
  ] as const;

  test.for(ENDS)("%s goes from %s to %s", ([text, first, last]) => {
    expect(formatAddress(networkAddress(cidr(text)))).toBe(first);
    expect(formatAddress(lastAddress(cidr(text)))).toBe(last);
  });

  test("a network contains what is between its ends, and nothing else", () => {
    fc.assert(
      fc.property(anyPrefix, anyAddress, (prefix, address) => {
        const range = { first: networkAddress(prefix), last: lastAddress(prefix) };
        expect(prefixContains(prefix, address)).toBe(rangeContains(range, address));
        expect(prefixContains(prefix, prefix.address)).toBe(true);
      }),
    );
  });

  test("a network has no host bits", () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(hasHostBits(networkOf(prefix))).toBe(false);
      }),
    );
    expect(hasHostBits(cidr("10.1.2.1/24"))).toBe(true);
  });

  test("the other family is in no network", () => {
    expect(prefixContains(cidr("0.0.0.0/0"), ip("::"))).toBe(false);
    expect(prefixesEqual(defaultDestination("ipv4"), defaultDestination("ipv6"))).toBe(false);
  });

  const RANGES = [
    ["10.0.0.1", "10.0.0.5", "10.0.0.5", "10.0.0.9", true],
    ["10.0.0.1", "10.0.0.5", "10.0.0.6", "10.0.0.9", false],
    ["10.0.0.1", "10.0.0.9", "10.0.0.4", "10.0.0.5", true],
    ["10.0.0.4", "10.0.0.5", "10.0.0.1", "10.0.0.9", true],
    ["::1", "::5", "10.0.0.1", "10.0.0.9", false],
  ] as const;

  test.for(RANGES)("%s-%s and %s-%s overlap: %s", ([a, b, c, d, overlap]) => {
    expect(rangesOverlap({ first: ip(a), last: ip(b) }, { first: ip(c), last: ip(d) })).toBe(overlap);
  });

  test("prefixes are equal when address and length are", () => {
    expect(prefixesEqual(cidr("10.0.0.1/24"), cidr("10.0.0.1/24"))).toBe(true);
    expect(prefixesEqual(cidr("10.0.0.1/24"), cidr("10.0.0.1/25"))).toBe(false);
    expect(addressesEqual(ip("::1"), ip("0:0::1"))).toBe(true);
  });
});

describe("hardware addresses", () => {
  test.for(["0a:58:0A:01:00:07", "0a-58-0a-01-00-07", "0a58.0a01.0007"])("reads %s", (text) => {
    const mac = readMac(text);
    expect(mac === undefined ? undefined : formatMac(mac)).toBe("0a:58:0a:01:00:07");
  });

  test.for(["", "0a:58:0a:01:00", "0a:58:0a:01:00:07:08", "0a:58:0a:01:00-07", "0g:58:0a:01:00:07", "0a580a010007"])(
    "%j is none",
    (text) => {
      expect(readMac(text)).toBeUndefined();
    },
  );

  test("are compared octet by octet", () => {
    expect(macsEqual([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])).toBe(true);
    expect(macsEqual([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7])).toBe(false);
  });
});
