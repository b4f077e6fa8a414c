/**
 * @module Arbitrary values of CNI for property tests.
 */
import fc from "fast-check";
import type { IpAddress, IpPrefix, Ipv4Octets, Ipv6Groups } from "../../host/spec/ip.ts";
import type { MacAddress } from "../../host/spec/mac.ts";
import type { AttachmentResult } from "../../host/spec/result.ts";

const octet = fc.integer({ min: 0, max: 255 });
/** Zeros are common, so that `::` is. */
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));

export const anyIpAddress: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.tuple(octet, octet, octet, octet).map((val: Ipv4Octets) => ({ tag: "ipv4" as const, val })),
  fc
    .tuple(group, group, group, group, group, group, group, group)
    .map((val: Ipv6Groups) => ({ tag: "ipv6" as const, val })),
);

export const anyIpPrefix: fc.Arbitrary<IpPrefix> = fc
  .tuple(anyIpAddress, fc.nat())
  .map(([address, length]) => ({ address, prefixLength: length % (address.tag === "ipv4" ? 33 : 129) }));

export const anyMac: fc.Arbitrary<MacAddress> = fc.tuple(octet, octet, octet, octet, octet, octet);

const count = fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined });
const countOrZero = fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined });
const text = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
const address = fc.option(anyIpAddress, { nil: undefined });
const extensions = fc.option(fc.constantFrom('{"vendor":1}', '{"x":{"y":[null]}}'), { nil: undefined });
const texts = fc.array(fc.string(), { maxLength: 2 });

export const anyResult: fc.Arbitrary<AttachmentResult> = fc.record({
  interfaces: fc.array(
    fc.record({
      name: fc.string(),
      mac: fc.option(anyMac, { nil: undefined }),
      mtuBytes: count,
      sandbox: text,
      socketPath: text,
      pciId: text,
      extensions,
    }),
    { maxLength: 3 },
  ),
  ips: fc.array(fc.record({ address: anyIpPrefix, gateway: address, interfaceIndex: countOrZero, extensions }), {
    maxLength: 3,
  }),
  routes: fc.array(
    fc.record({
      destination: anyIpPrefix,
      gateway: address,
      mtuBytes: count,
      advmssBytes: count,
      priority: count,
      table: countOrZero,
      scope: countOrZero,
      extensions,
    }),
    { maxLength: 3 },
  ),
  dns: fc.option(
    fc.record({
      nameservers: fc.array(fc.string(), { minLength: 1, maxLength: 2 }),
      domain: text,
      search: texts,
      options: texts,
    }),
    { nil: undefined },
  ),
  extensions,
});
