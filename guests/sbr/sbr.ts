/**
 * @module The plugin `sbr` over the imports it is given: packets from the link's addresses are routed by tables of their own.
 */
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { parseConfiguration, quote } from "../sdk/configuration.ts";
import { must, type PluginExports, type Step, together } from "../sdk/index.ts";
import { ownIps } from "../sdk/own-parts.ts";
import { resultBefore } from "../sdk/results.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { type Attachment, isRuleFor, ownIpsOf, routesOver, type SbrImports } from "./attachment.ts";
import { checkRouting } from "./check.ts";
import { readSbrConfiguration, type SbrConfiguration } from "./configuration.ts";
import { planRouting, ruleOf } from "./plan.ts";

/** First table that an address may get. Source: the reference plugin. */
const FIRST_TABLE = 100;
/** The namespace is gone, or has so many rules that nobody reads them all; or the grant covers no rules, and then none was made. */
const NOTHING_TO_DELETE = ["no-namespace", "limit-reached", "not-permitted"];

/** Binds the plugin to its imports. */
export function createSbr(imports: SbrImports): NonNullable<PluginExports["attachment"]> {
  return {
    add: (request, container) => addRouting(imports, request, container),
    del: (request, container) => deleteRules(imports, request, container),
    check: (request, container) => checkRouting(imports, request, container),
  };
}

function addRouting(imports: SbrImports, request: Request, container: ContainerNamespace): AttachmentResult {
  const configuration = readSbrConfiguration(request);
  const ips = ownIpsOf(request);
  const { table } = configuration;
  if (table === undefined) moveRoutes(imports, configuration, { request, container, ips });
  else
    addRules(
      imports,
      container,
      ips.map((ip) => ruleOf(ip, table)),
    );
  return resultBefore(request);
}

/** Gives every address a table of its own. Packets find their way all the while: the main table loses its routes last. */
function moveRoutes(imports: SbrImports, configuration: SbrConfiguration, attachment: Attachment): void {
  const { request, container, ips } = attachment;
  const { ifname } = request;
  const routes = routesOver(imports, attachment);
  const tables = must("find free tables", () => imports.containerRules.freeTables(container, FIRST_TABLE, ips.length));
  const { rules, added, deleted, hints } = planRouting(configuration, { ips, routes, tables: [...tables] });
  const link = quote(ifname);
  const { containerRoutes, containerRules, batch } = imports;
  const steps: Step[] = [
    { what: `add routes over ${link}`, act: () => containerRoutes.add(container, ifname, [...added], "append") },
    { what: `add rules for ${link}`, act: () => containerRules.add(container, [...rules]) },
    { what: `move the routes over ${link}`, act: () => containerRoutes.delete(container, ifname, [...deleted]) },
  ];
  if (hints.length > 0) {
    const act = (): void => containerRoutes.add(container, ifname, [...hints], "append");
    steps.push({ what: `add routes with sources over ${link}`, act });
  }
  together(batch, steps);
}

function addRules({ containerRules }: SbrImports, container: ContainerNamespace, rules: Rule[]): void {
  must(`add rules to table ${rules[0]?.table}`, () => containerRules.add(container, rules));
}

/**
 * Deletes the rules of the link's addresses. The host removes what this attachment made in any case, and puts its routes back; here go
 * the rules of one that another program made. Reads nothing but `table`, so that an attachment whose configuration was refused can be deleted.
 */
function deleteRules({ containerRules }: SbrImports, request: Request, container: ContainerNamespace): void {
  const { netns, previousResult, ifname } = request;
  if (netns === "" || previousResult === undefined) return;
  const ips = ownIps(request, previousResult);
  const named = parseConfiguration(request.configuration).raw("table");
  const isOurs = ({ table }: Rule): boolean => (named === undefined ? table >= FIRST_TABLE : table === named);
  tolerate(`delete the rules of ${quote(ifname)}`, NOTHING_TO_DELETE, () => {
    const rules = containerRules
      .list(container)
      .filter((rule) => isOurs(rule) && ips.some((ip) => isRuleFor(rule, ip)));
    if (rules.length > 0) containerRules.delete(container, rules);
  });
}
