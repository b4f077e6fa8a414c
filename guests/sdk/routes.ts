/**
 * @module Routes of an IPAM configuration.
 */
import type { ResultRoute } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail } from "./errors.ts";
import type { Bounds, Fields } from "./configuration.ts";

/** Largest unsigned number of 32 bits. */
const U32: Bounds = { minimum: 0, maximum: 0xff_ff_ff_ff };
/** Scopes of a route. Source: `enum rt_scope_t`, linux/rtnetlink.h. */
const SCOPE: Bounds = { minimum: 0, maximum: 255 };

/**
 * Reads the list `routes`, in order. Source: CNI SPEC 1.1.0, section 5, `routes`.
 * @throws {PluginFailure} code 6 or 7, naming the field; code 7 when a route has no `dst`.
 */
export function readRoutes(ipam: Fields): ResultRoute[] {
  return (ipam.objects("routes") ?? []).map(readRoute);
}

function readRoute(route: Fields): ResultRoute {
  return {
    destination:
      route.prefix("dst") ?? fail(CODES.invalidNetworkConfig, `${route.pathOf("dst")}: want a destination, got none`),
    gateway: route.address("gw"),
    mtuBytes: route.integer("mtu", U32),
    advmssBytes: route.integer("advmss", U32),
    priority: route.integer("priority", U32),
    table: route.integer("table", U32),
    scope: route.integer("scope", SCOPE),
    extensions: undefined,
  };
}
