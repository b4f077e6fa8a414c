import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCniError } from "../../host/spec/error.ts";
import {
  compareIp,
  formatIpAddress,
  formatIpPrefix,
  ipEquals,
  ipFromBytes,
  ipToBytes,
  isIpAddress,
  isIpPrefix,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  prefixCovers,
} from "../../host/spec/ip.ts";
import { anyIpAddress, anyIpPrefix } from "./arbitraries.ts";

describe("parseIpAddress", () => {
  test.for([
    ["10.1.0.7", "10.1.0.7"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::7", "2001:db8::7"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ] as const)("reads %s and writes it as %s", ([text, written]) => {
    expect(formatIpAddress(parseIpAddress(text))).toBe(written);
  });

  test.for([
    ["", "nothing"],
    ["10.1.0", "three octets"],
    ["10.1.0.7.1", "five octets"],
    ["10.1.0.256", "an octet over 255"],
    ["10.01.0.7", "a leading zero"],
    ["10.1.0.-7", "a sign"],
    [" 10.1.0.7", "a space"],
    [":::", "three colons"],
    ["1::2::3", "two gaps"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["1:2:3:4::5:6:7:8", "a gap for nothing"],
    [":1:2:3:4:5:6:7", "a colon at the start"],
    ["12345::", "a group of five digits"],
    ["1.2.3.4::", "an IPv4 part that is not last"],
    ["fe80::1%eth0", "a zone"],
  ] as const)("refuses %j: %s", ([text]) => {
    expect(() => parseIpAddress(text)).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  });

  test("reads back whatever it writes", () => {
    fc.assert(
      fc.property(anyIpAddress, (address) => {
        expect(parseIpAddress(formatIpAddress(address))).toEqual(address);
      }),
    );
  });
});

describe("parseIpPrefix", () => {
  test.for(["10.1.0.7", "10.1.0.7/", "10.1.0.7/33", "::1/129", "10.1.0.7/08", "10.1.0.7/-1", "10.1.0.7/24/1", "/24"])(
    "refuses %j",
    (text) => {
      expect(() => parseIpPrefix(text)).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
    },
  );

  test("keeps host bits", () => {
    expect(formatIpPrefix(parseIpPrefix("10.1.0.7/24"))).toBe("10.1.0.7/24");
  });

  test("throws the one error of the project", () => {
    try {
      parseIpPrefix("x");
      expect.unreachable();
    } catch (error) {
      expect(isCniError(error)).toBe(true);
    }
  });
});

describe("arithmetic", () => {
  test.for([
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["10.1.2.3/20", "10.1.0.0/20"],
    ["10.1.2.3/0", "0.0.0.0/0"],
    ["10.1.2.3/32", "10.1.2.3/32"],
    ["2001:db8:1:2:3::4/61", "2001:db8:1::/61"],
  ] as const)("the network of %s is %s", ([prefix, network]) => {
    expect(formatIpPrefix(networkOf(parseIpPrefix(prefix)))).toBe(network);
  });

  test("an address of the other family is in no prefix", () => {
    expect(prefixContains(parseIpPrefix("0.0.0.0/0"), parseIpAddress("::1"))).toBe(false);
  });

  test("a prefix covers those that are longer and inside", () => {
    const outer = parseIpPrefix("10.1.0.0/16");
    expect(prefixCovers(outer, parseIpPrefix("10.1.2.0/24"))).toBe(true);
    expect(prefixCovers(outer, parseIpPrefix("10.0.0.0/8"))).toBe(false);
    expect(prefixCovers(outer, parseIpPrefix("10.2.0.0/24"))).toBe(false);
  });

  test("every address is in its own prefix, and its network's", () => {
    fc.assert(
      fc.property(anyIpPrefix, (prefix) => {
        expect(prefixContains(prefix, prefix.address)).toBe(true);
        expect(prefixContains(networkOf(prefix), prefix.address)).toBe(true);
      }),
    );
  });

  test("bytes and addresses are the same thing", () => {
    fc.assert(
      fc.property(anyIpAddress, (address) => {
        expect(ipFromBytes(ipToBytes(address))).toEqual(address);
      }),
    );
    expect(() => ipFromBytes(new Uint8Array(5))).toThrow(expect.objectContaining({ kind: "decodingFailure" }));
  });

  test("the order agrees with equality, and puts IPv4 first", () => {
    fc.assert(
      fc.property(anyIpAddress, anyIpAddress, (a, b) => {
        expect(compareIp(a, b) === 0).toBe(ipEquals(a, b));
      }),
    );
    expect(compareIp(parseIpAddress("255.0.0.0"), parseIpAddress("::"))).toBeLessThan(0);
    expect(compareIp(parseIpAddress("10.0.0.2"), parseIpAddress("10.0.0.10"))).toBeLessThan(0);
  });
});

describe("what comes over a channel", () => {
  test.for([
    [{ tag: "ipv4", val: [1, 2, 3] }, "too short"],
    [{ tag: "ipv4", val: [1, 2, 3, 256] }, "an octet over 255"],
    [{ tag: "ipv4", val: [1, 2, 3, 0.5] }, "a fraction"],
    [{ tag: "ipv4", val: "1234" }, "a text"],
    [{ tag: "ipv5", val: [1, 2, 3, 4] }, "no family"],
    [null, "null"],
    ["10.1.0.7", "a text"],
  ] as const)("%j is no address: %s", ([value]) => {
    expect(isIpAddress(value)).toBe(false);
    expect(isIpPrefix({ address: value, prefixLength: 1 })).toBe(false);
  });

  test("a prefix length is within its family", () => {
    const address = { tag: "ipv4", val: [1, 2, 3, 4] };
    expect(isIpPrefix({ address, prefixLength: 32 })).toBe(true);
    expect(isIpPrefix({ address, prefixLength: 33 })).toBe(false);
    expect(isIpPrefix({ address, prefixLength: -1 })).toBe(false);
    expect(isIpPrefix({ address })).toBe(false);
  });
});
