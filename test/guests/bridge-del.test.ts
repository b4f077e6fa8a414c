import { describe, expect, test } from "vitest";

import { bridgeWith, GIVEN, namesOf } from "./bridge-fakes.ts";
import { failing, failingWith, failureOf } from "./fakes.ts";
import { CONTAINER, requestOf } from "./requests.ts";

const IPAM = { ipam: { type: "host-local" } };

describe("DEL", () => {
  test("ends masquerading, then deletes the link, then releases", () => {
    const { calls, plugin } = bridgeWith();
    plugin.del(requestOf({ ...IPAM, ipMasq: true }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove", "containerLinks.delete", "ipam.del"]);
  });

  test("keeps the link for an IPAM plugin that works over it", () => {
    const { calls, plugin } = bridgeWith();
    plugin.del(requestOf({ ipam: { type: "dhcp" }, ipMasq: true }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove", "ipam.del", "containerLinks.delete"]);
  });

  test("deletes the link although there is no masquerading on this node", () => {
    const { calls, plugin } = bridgeWith(GIVEN, { masquerade: { remove: failing("unsupported") } });
    plugin.del(requestOf({ ...IPAM, ipMasq: true }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove", "containerLinks.delete", "ipam.del"]);
  });

  test("without a namespace leaves the link to the kernel", () => {
    const { calls, plugin } = bridgeWith();
    plugin.del(requestOf({ ...IPAM, ipMasq: true }, { netns: "" }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove", "ipam.del"]);
  });

  test.for(["not-found", "no-namespace", "not-permitted"])("of a link that answers %s succeeds", (errorCase) => {
    const { plugin } = bridgeWith(GIVEN, { containerLinks: { delete: failing(errorCase) } });
    expect(() => plugin.del(requestOf(IPAM), CONTAINER)).not.toThrow();
  });

  test("goes on after a failure, and reports the first with the others", () => {
    const { calls, plugin } = bridgeWith(GIVEN, {
      ipam: { del: failingWith(5, "the store is gone") },
      containerLinks: { delete: failing("busy") },
    });
    const failure = failureOf(() => plugin.del(requestOf(IPAM), CONTAINER));
    expect(failure).toMatchObject({
      code: 11,
      message: 'cannot delete link "eth0": busy',
      details: "the store is gone",
    });
    expect(namesOf(calls)).toEqual(["containerLinks.delete", "ipam.del"]);
  });

  test("works with a configuration that ADD refuses", () => {
    const { plugin } = bridgeWith();
    expect(() => plugin.del(requestOf({ ...IPAM, vlan: 100, mtu: "x" }), CONTAINER)).not.toThrow();
  });
});
