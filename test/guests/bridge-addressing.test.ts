import { describe, expect, test } from "vitest";

import type { AddressResult } from "cnidaria:plugin/types@0.1.0";

import { planAddressing } from "../../guests/bridge/addressing.ts";
import { type BridgeConfiguration, readBridgeConfiguration } from "../../guests/bridge/configuration.ts";
import { formatAddress, formatPrefix } from "../../guests/sdk/ip-text.ts";
import { failureOf } from "./fakes.ts";
import { cidr, ip, requestOf } from "./requests.ts";

const configurationOf = (configuration: object): BridgeConfiguration =>
  readBridgeConfiguration(requestOf(configuration));
const given = (addresses: readonly string[], rest: Partial<AddressResult> = {}): AddressResult => ({
  ips: addresses.map((text) => {
    const [address = "", gateway] = text.split(" via ");
    return { address: cidr(address), gateway: gateway === undefined ? undefined : ip(gateway) };
  }),
  routes: [],
  ...rest,
});
const route = (text: string): AddressResult["routes"][number] => {
  const [destination = "", gateway] = text.split(" via ");
  return { destination: cidr(destination), gateway: gateway === undefined ? undefined : ip(gateway) };
};
const textOf = (prefix: {
  destination: ReturnType<typeof cidr>;
  gateway?: ReturnType<typeof ip> | undefined;
}): string =>
  prefix.gateway === undefined
    ? formatPrefix(prefix.destination)
    : `${formatPrefix(prefix.destination)} via ${formatAddress(prefix.gateway)}`;

const CASES: readonly {
  title: string;
  configuration: object;
  ips: readonly string[];
  routes: readonly string[];
  result: readonly string[];
  kernel: readonly string[];
  gateways: readonly string[];
}[] = [
  {
    title: "no gateway is made up without isGateway",
    configuration: {},
    ips: ["10.1.0.2/16"],
    routes: ["192.168.0.0/16"],
    result: ["192.168.0.0/16"],
    kernel: ["192.168.0.0/16"],
    gateways: [],
  },
  {
    title: "isGateway takes the first address of the subnet",
    configuration: { isGateway: true },
    ips: ["10.1.7.2/16", "2001:db8::9/64"],
    routes: [],
    result: [],
    kernel: [],
    gateways: ["10.1.0.1/16", "2001:db8::1/64"],
  },
  {
    title: "isGateway keeps the gateway that was given, and each once",
    configuration: { isGateway: true },
    ips: ["10.1.0.2/16 via 10.1.0.254", "10.1.0.3/16 via 10.1.0.254"],
    routes: [],
    result: [],
    kernel: [],
    gateways: ["10.1.0.254/16"],
  },
  {
    title: "a route without a next hop takes the first gateway of its family",
    configuration: {},
    ips: ["10.1.0.2/16 via 10.1.0.1", "2001:db8::2/64", "2001:db8:1::2/64 via 2001:db8:1::1"],
    routes: ["0.0.0.0/0", "::/0", "192.168.0.0/16 via 10.1.0.9"],
    result: ["0.0.0.0/0", "::/0", "192.168.0.0/16 via 10.1.0.9"],
    kernel: ["0.0.0.0/0 via 10.1.0.1", "::/0 via 2001:db8:1::1", "192.168.0.0/16 via 10.1.0.9"],
    gateways: [],
  },
  {
    title: "isDefaultGateway adds one default route for each family",
    configuration: { isDefaultGateway: true },
    ips: ["10.1.0.2/16", "2001:db8::2/64", "2001:db8:1::2/64"],
    routes: [],
    result: ["0.0.0.0/0 via 10.1.0.1", "::/0 via 2001:db8::1"],
    kernel: ["0.0.0.0/0 via 10.1.0.1", "::/0 via 2001:db8::1"],
    gateways: ["10.1.0.1/16", "2001:db8::1/64", "2001:db8:1::1/64"],
  },
  {
    title: "isDefaultGateway adds none beside one with a gateway",
    configuration: { isDefaultGateway: true },
    ips: ["10.1.0.2/16"],
    routes: ["0.0.0.0/0 via 10.1.0.9"],
    result: ["0.0.0.0/0 via 10.1.0.9"],
    kernel: ["0.0.0.0/0 via 10.1.0.9"],
    gateways: ["10.1.0.1/16"],
  },
  {
    title: "isDefaultGateway adds none beside one without a gateway",
    configuration: { isDefaultGateway: true },
    ips: ["10.1.0.2/16"],
    routes: ["0.0.0.0/0"],
    result: ["0.0.0.0/0"],
    kernel: ["0.0.0.0/0 via 10.1.0.1"],
    gateways: ["10.1.0.1/16"],
  },
  {
    title: "a destination loses its host bits for the kernel alone",
    configuration: {},
    ips: ["10.1.0.2/16"],
    routes: ["192.168.5.5/16 via 10.1.0.9"],
    result: ["192.168.5.5/16 via 10.1.0.9"],
    kernel: ["192.168.0.0/16 via 10.1.0.9"],
    gateways: [],
  },
];

describe("what follows from the addresses", () => {
  test.for(CASES)("$title", ({ configuration, ips, routes, result, kernel, gateways }) => {
    const plan = planAddressing(configurationOf(configuration), given(ips, { routes: routes.map(route) }));
    expect(plan.resultRoutes.map(textOf)).toEqual(result);
    expect(plan.routes.map(textOf)).toEqual(kernel);
    expect(plan.gatewayAddresses.map(formatPrefix)).toEqual(gateways);
    expect(plan.ips.map(({ interfaceIndex }) => interfaceIndex)).toEqual(ips.map(() => 2));
  });

  test("priority, table, scope and sizes reach the kernel", () => {
    const extra = {
      ...route("192.168.0.0/16"),
      priority: 5,
      table: 100,
      scope: 253,
      mtuBytes: 1400,
      advmssBytes: 1360,
    };
    const plan = planAddressing(configurationOf({}), given(["10.1.0.2/16"], { routes: [extra] }));
    expect(plan.routes[0]).toMatchObject({ priority: 5, table: 100, scope: "link", mtuBytes: 1400, advmssBytes: 1360 });
    expect(plan.resultRoutes[0]).toEqual(extra);
  });

  test("a scope that is none is refused", () => {
    const extra = { ...route("192.168.0.0/16"), scope: 7 };
    const failure = failureOf(() => planAddressing(configurationOf({}), given(["10.1.0.2/16"], { routes: [extra] })));
    expect(failure.code).toBe(7);
    expect(failure.message).toContain("192.168.0.0/16");
  });

  test.for(["10.1.0.2/32", "2001:db8::2/128"])("%s has no room for a gateway", (address) => {
    expect(failureOf(() => planAddressing(configurationOf({ isGateway: true }), given([address]))).code).toBe(7);
    expect(() => planAddressing(configurationOf({}), given([address]))).not.toThrow();
  });

  test("fields that this version does not know are kept", () => {
    const result = given(["10.1.0.2/16"], { extensions: '{"a":1}' });
    const [first] = result.ips;
    const plan = planAddressing(configurationOf({}), { ...result, ips: [{ ...first!, extensions: '{"b":2}' }] });
    expect(plan.extensions).toBe('{"a":1}');
    expect(plan.ips[0]?.extensions).toBe('{"b":2}');
  });
});
