/**
 * @module CHECK of the plugin `sbr`: the rules of the link's addresses are there, and their tables lead somewhere. The reference plugin
 * compares nothing.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request, ResultIp } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail, must } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { formatAddress, formatPrefix } from "../sdk/ip-text.ts";
import { tableNumber } from "../sdk/own-parts.ts";
import { readSbrConfiguration, type SbrConfiguration } from "./configuration.ts";
import { isDefault } from "./plan.ts";
import { isRuleFor, ownIpsOf, routesOver, type SbrImports } from "./attachment.ts";

/**
 * Checks the rules of every address, and the default routes of their tables.
 * @throws {PluginFailure} code 999 for the first that is missing; code 7 without a previous result.
 */
export function checkRouting(imports: SbrImports, request: Request, container: ContainerNamespace): void {
  const configuration = readSbrConfiguration(request);
  const ips = ownIpsOf(request);
  const rules = must("list the rules", () => imports.containerRules.list(container));
  const routes = configuration.table === undefined ? routesOver(imports, { request, container, ips }) : [];
  for (const ip of ips) checkAddress(configuration, ip, { rules, routes });
}

function checkAddress(
  configuration: SbrConfiguration,
  ip: ResultIp,
  { rules, routes }: { readonly rules: readonly Rule[]; readonly routes: readonly Route[] },
): void {
  const { table } = configuration;
  const own = rules.filter((rule) => isRuleFor(rule, ip) && (table === undefined || rule.table === table));
  const from = formatPrefix(ip.address);
  if (own.length === 0)
    fail(
      CODES.internal,
      `no rule leads from ${from} to ${table === undefined ? "a table of its own" : `table ${table}`}`,
    );
  if (table !== undefined) return;
  const gateway = configuration.gateways.get(ip.address.address.tag);
  const leadsOut = (route: Route): boolean =>
    isDefault(route) &&
    route.destination.address.tag === ip.address.address.tag &&
    own.some((rule) => rule.table === tableNumber(route.table)) &&
    (gateway === undefined || (route.gateway !== undefined && addressesEqual(route.gateway, gateway)));
  if (!routes.some(leadsOut))
    fail(
      CODES.internal,
      `table ${own.map((rule) => rule.table).join(", ")} of ${from} has not the default route${via(gateway)}`,
    );
}

function via(gateway: ResultIp["gateway"]): string {
  return gateway === undefined ? "" : ` over ${formatAddress(gateway)}`;
}
