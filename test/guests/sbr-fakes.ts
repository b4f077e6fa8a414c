/**
 * @module A container with routes and rules, in memory, for the tests of the plugin `sbr`.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import type { SbrImports } from "../../guests/sbr/attachment.ts";
import { createSbr } from "../../guests/sbr/sbr.ts";
import { formatAddress, formatPrefix } from "../../guests/sdk/ip-text.ts";
import { type Call, record, withBatch } from "./fakes.ts";
import { NETNS, cidr, ip, requestOf } from "./requests.ts";

/** A route as text: `10.1.0.0/24 src 10.1.0.2`, `0.0.0.0/0 via 10.1.0.1 table 100`. */
export function routeOf(text: string): Route {
  const [destination = "", ...words] = text.split(" ");
  const after = (word: string): string | undefined => words[words.indexOf(word) + 1 || words.length];
  const [gateway, source, table, priority] = [after("via"), after("src"), after("table"), after("metric")];
  return {
    destination: cidr(destination),
    ...(gateway === undefined ? {} : { gateway: ip(gateway) }),
    ...(source === undefined ? {} : { source: ip(source) }),
    ...(table === undefined ? {} : { table: Number(table) }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
  };
}
/** Writes a route as {@link routeOf} reads it. */
export const textOf = ({ destination, gateway, source, table, priority }: Route): string =>
  [
    formatPrefix(destination),
    ...(gateway === undefined ? [] : ["via", formatAddress(gateway)]),
    ...(source === undefined ? [] : ["src", formatAddress(source)]),
    ...(table === undefined ? [] : ["table", table]),
    ...(priority === undefined ? [] : ["metric", priority]),
  ].join(" ");
/** Source and table. */
export const ruleText = ({ source, table }: Rule): string => `${formatPrefix(source)} ${table}`;

/** Routes of the main table. */
export const V4 = ["10.1.0.0/24 src 10.1.0.2", "0.0.0.0/0 via 10.1.0.1"];
export const V6 = ["2001:db8::/64 metric 256", "::/0 via 2001:db8::1 metric 1024", "fe80::/64 metric 256"];

/** What the container has, and what fails. */
export interface Changes {
  readonly routes?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly used?: readonly number[];
  readonly addRules?: () => never;
  readonly listRules?: () => never;
}

/** Makes the plugin, with what it will have called. */
export function sbrWith({ routes = V4, rules = [], used = [], addRules, listRules }: Changes = {}) {
  const calls: Call[] = [];
  const nothing = (): void => undefined;
  const imports: Omit<SbrImports, "batch"> = {
    containerRoutes: {
      add: nothing,
      list: (_container, _link, family) =>
        routes.map(routeOf).filter(({ destination }) => destination.address.tag === family),
      delete: nothing,
    },
    containerRules: {
      add: addRules ?? nothing,
      list: listRules ?? (() => [...rules]),
      freeTables: (_container, from, count) => {
        const free: number[] = [];
        for (let table = from; free.length < count; table += 1) if (!used.includes(table)) free.push(table);
        return Uint32Array.from(free);
      },
      delete: nothing,
    },
  };
  return { calls, plugin: createSbr(withBatch(record(imports, calls))) };
}

/** A previous result with addresses of eth0, and one of eth1. */
export const resultOf = (...ips: readonly (readonly [address: string, gateway?: string])[]): AttachmentResult => ({
  interfaces: [{ name: "br0" }, { name: "eth0", sandbox: NETNS }, { name: "eth1", sandbox: NETNS }],
  ips: [
    ...ips.map(([address, gateway]) => ({
      address: cidr(address),
      interfaceIndex: 1,
      ...(gateway === undefined ? {} : { gateway: ip(gateway) }),
    })),
    { address: cidr("10.9.0.2/24"), gateway: ip("10.9.0.1"), interfaceIndex: 2 },
  ],
  routes: [],
});
export const ONE = resultOf(["10.1.0.2/24", "10.1.0.1"]);
export const requested = (configuration: object, previousResult: AttachmentResult = ONE, rest: Partial<Request> = {}) =>
  requestOf(configuration, { previousResult, ...rest });
