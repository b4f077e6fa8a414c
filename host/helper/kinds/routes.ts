/**
 * @module Routes over a link of a container, as rows of the ledger have them: written, read, compared, put back.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Link, Route, Rtnetlink } from "../../kernel/rtnetlink.ts";
import {
  formatIpAddress,
  formatIpPrefix,
  ipEquals,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
  prefixEquals,
} from "../../spec/ip.ts";
import type { JsonObject, JsonValue } from "../ledger/records.ts";
import type { LookedAt } from "./container-address.ts";
import type { Drift } from "./kind.ts";

/** Most routes of a container's link that are looked at. Its owner controls how many there are. */
const LIST_MAX = 8192;
/** The table of a route that names none. Source: RT_TABLE_MAIN, linux/rtnetlink.h. */
const MAIN_TABLE = 254;

/** Writes a route as a row has it. */
export function routeText(route: Route): JsonObject {
  const { destination, gateway, source, scope, table, priority, mtuBytes, advmssBytes } = route;
  return {
    destination: formatIpPrefix(networkOf(destination)),
    ...(gateway === undefined ? {} : { gateway: formatIpAddress(gateway) }),
    ...(source === undefined ? {} : { source: formatIpAddress(source) }),
    ...(scope === undefined ? {} : { scope }),
    ...(table === undefined ? {} : { table }),
    ...(priority === undefined ? {} : { priority }),
    ...(mtuBytes === undefined ? {} : { mtuBytes }),
    ...(advmssBytes === undefined ? {} : { advmssBytes }),
  };
}

/** Reads the routes of a row; what is none is left out. */
export function routesIn(value: JsonValue | undefined): readonly Route[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [];
  return list.flatMap((each) => {
    const route = readRoute(each);
    return route === undefined ? [] : [route];
  });
}

function readRoute(value: JsonValue): Route | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { destination, gateway, source, scope, ...numbers } = value as JsonObject;
  if (typeof destination !== "string") return undefined;
  const number = (name: string): number | undefined =>
    typeof numbers[name] === "number" ? (numbers[name] as number) : undefined;
  return {
    destination: parseIpPrefix(destination),
    gateway: typeof gateway === "string" ? parseIpAddress(gateway) : undefined,
    source: typeof source === "string" ? parseIpAddress(source) : undefined,
    scope: scope === "global" || scope === "link" || scope === "host" ? scope : undefined,
    table: number("table"),
    priority: number("priority"),
    mtuBytes: number("mtuBytes"),
    advmssBytes: number("advmssBytes"),
  };
}

/** Compares the routes that a link has with those that it was given; what it has besides is no difference. */
export function compareRoutes({ rtnetlink, link, name }: LookedAt, value: JsonValue | undefined): readonly Drift[] {
  if (link === undefined) return [];
  return missingRoutes(rtnetlink, link, value).map((route) => ({
    what: "missing",
    object: `route ${describeRoute(route)} of the container`,
    wanted: `over its link ${name}`,
    found: "not there",
  }));
}

/** Adds the routes that a link was given and has not any more. */
export function addMissingRoutes(rtnetlink: Rtnetlink, link: Link, value: JsonValue | undefined): void {
  for (const route of missingRoutes(rtnetlink, link, value)) {
    try {
      rtnetlink.addRoute(link.index, route, "append");
    } catch (error) {
      // Another link has one to the same place by now: the comparison says that this one is missing.
      if (!isKernelError(error, "EEXIST")) throw error;
    }
  }
}

/** Says a route as people do: `10.1.0.0/16 via 10.0.0.1 in table 100`. */
export function describeRoute({ destination, gateway, table = MAIN_TABLE }: Route): string {
  const via = gateway === undefined ? "" : ` via ${formatIpAddress(gateway)}`;
  return `${formatIpPrefix(destination)}${via}${table === MAIN_TABLE ? "" : ` in table ${table}`}`;
}

/** Tells whether a route that the kernel lists is the one that was made: of what was left to the kernel, anything will do. */
export function isSameRoute(found: Route, wanted: Route): boolean {
  const { gateway, priority, source } = wanted;
  return (
    prefixEquals(networkOf(found.destination), networkOf(wanted.destination)) &&
    (found.table ?? MAIN_TABLE) === (wanted.table ?? MAIN_TABLE) &&
    (gateway === undefined
      ? found.gateway === undefined
      : found.gateway !== undefined && ipEquals(found.gateway, gateway)) &&
    (priority === undefined || found.priority === priority) &&
    (source === undefined || (found.source !== undefined && ipEquals(found.source, source)))
  );
}

/** Gives the routes of a row that a link has not. */
export function missingRoutes(rtnetlink: Rtnetlink, { index }: Link, value: JsonValue | undefined): readonly Route[] {
  const wanted = routesIn(value);
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const own = wanted.filter(({ destination }) => destination.address.tag === family);
    if (own.length === 0) return [];
    const present = rtnetlink.listRoutes(index, family, { max: LIST_MAX });
    return own.filter((route) => !present.some((each) => isSameRoute(each, route)));
  });
}
