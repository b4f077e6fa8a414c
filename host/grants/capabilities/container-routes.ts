/**
 * @module Grant `container-routes`: routes of the container's namespace.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { OWN_LINK, describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";
import {
  LOCAL_TABLE,
  MAIN_TABLE,
  describeTables,
  tableNumber,
  tableReference,
  tablesCover,
  tablesInclude,
} from "../table-references.ts";

const scope = z.strictObject({
  links: z.array(nameReference).default([...OWN_LINK]),
  /** Routing tables, or `any`, which is every one but the local table. */
  tables: z.union([z.literal("any"), z.array(tableReference)]).default([MAIN_TABLE]),
  /** Whether routes may be deleted and replaced. */
  delete: z.boolean().default(false),
});
/** Scope of `container-routes`. */
export type ContainerRoutesScope = z.output<typeof scope>;

/** Routes over the container's links. */
export const containerRoutes = defineCapability<ContainerRoutesScope>({
  name: "container-routes",
  operations: ["add", "list", "delete"],
  scope,
  covers(wider, narrower) {
    return (
      namesCover(wider.links, narrower.links) &&
      routeTablesCover(wider.tables, narrower.tables) &&
      (wider.delete || !narrower.delete)
    );
  },
  describe(granted) {
    const tables = granted.tables === "any" ? "any table but the local one" : `table ${describeTables(granted.tables)}`;
    const verb = granted.delete ? "adds and deletes" : "adds";
    return [`${verb} routes of the container, in ${tables}, over links: ${describeReferences(granted.links)}`];
  },
  decide(granted, { facts, operation, args }) {
    const [, link, routes, mode] = args;
    if (!namesInclude(granted.links, facts, link))
      return denied(`"container-routes" with ${JSON.stringify(link)} in "links" would allow it`);
    switch (operation) {
      case "list":
        return ALLOWED;
      case "add":
        if (mode === "replace" && !granted.delete) return denied(`"container-routes" with "delete" would allow it`);
        return decideTables(granted, facts, routes);
      case "delete":
        return granted.delete
          ? decideTables(granted, facts, routes)
          : denied(`"container-routes" with "delete" would allow it`);
      default:
        return denied(`"container-routes" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

function decideTables({ tables }: ContainerRoutesScope, facts: CallFacts, routes: unknown): Decision {
  if (!Array.isArray(routes)) return denied("the routes are no list");
  const asked = routes.map((route: unknown) => tableNumber(fieldOf(route, "table")));
  const refused = asked.find((table) => !isGranted(tables, facts, table));
  return allowedIf(
    refused === undefined,
    `"container-routes" with table ${String(refused)} in "tables" would allow it`,
  );
}

function isGranted(tables: ContainerRoutesScope["tables"], facts: CallFacts, table: unknown): boolean {
  if (tables === "any") return typeof table === "number" && table !== LOCAL_TABLE;
  return tablesInclude(tables, facts, table);
}

function routeTablesCover(wider: ContainerRoutesScope["tables"], narrower: ContainerRoutesScope["tables"]): boolean {
  if (wider === "any") return narrower === "any" || !narrower.includes(LOCAL_TABLE);
  return narrower !== "any" && tablesCover(wider, narrower);
}
