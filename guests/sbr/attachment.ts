/**
 * @module What the verbs of the plugin `sbr` have in common: the link's addresses, their rules, the link's routes.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type * as ContainerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type * as ContainerRules from "cnidaria:plugin/container-rules@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request, ResultIp } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { type BatchImports, CODES, fail, must } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { familiesOf, ownIps } from "../sdk/own-parts.ts";
import { resultBefore } from "../sdk/results.ts";
import { ruleOf } from "./plan.ts";

/** What the plugin calls. */
export interface SbrImports {
  readonly batch: BatchImports;
  readonly containerRoutes: Pick<typeof ContainerRoutes, "add" | "list" | "delete">;
  readonly containerRules: Pick<typeof ContainerRules, "add" | "list" | "freeTables" | "delete">;
}

/** One verb: what everything below needs. */
export interface Attachment {
  readonly request: Request;
  readonly container: ContainerNamespace;
  readonly ips: readonly ResultIp[];
}

/** Tells whether a rule is about an address. */
export function isRuleFor({ source }: Rule, ip: ResultIp): boolean {
  const wanted = ruleOf(ip, 0).source;
  return source.prefixLength === wanted.prefixLength && addressesEqual(source.address, wanted.address);
}

/** Lists the routes over the link, of the families of its addresses. */
export function routesOver({ containerRoutes }: SbrImports, { request, container, ips }: Attachment): Route[] {
  const { ifname } = request;
  return familiesOf(ips).flatMap((family) =>
    must(`list the routes over ${quote(ifname)}`, () => containerRoutes.list(container, ifname, family)),
  );
}

/**
 * Gives the addresses of the call's link.
 * @throws {PluginFailure} code 7 when there is no previous result, or it has none.
 */
export function ownIpsOf(request: Request): ResultIp[] {
  const ips = ownIps(request, resultBefore(request));
  if (ips.length > 0) return ips;
  return fail(CODES.invalidNetworkConfig, `prevResult has no address of link ${quote(request.ifname)}`);
}
