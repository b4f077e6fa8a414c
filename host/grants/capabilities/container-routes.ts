/**
 * @module Grant `container-routes`: routes of the container's namespace.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import { OWN_LINK, describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

/** The main routing table. Source: RT_TABLE_MAIN, linux/rtnetlink.h. */
const MAIN_TABLE = 254;
/** The local table, which the kernel keeps itself: `any` leaves it out. Source: RT_TABLE_LOCAL, linux/rtnetlink.h. */
const LOCAL_TABLE = 255;

const scope = z.strictObject({
  links: z.array(nameReference).default([...OWN_LINK]),
  /** Numbers of routing tables, or `any`, which is every one but the local table. */
  tables: z.union([z.literal("any"), z.array(z.int().min(1).max(0xffff_ffff))]).default([MAIN_TABLE]),
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
      namesCover(wider.links, narrower.links) && tablesCover(wider, narrower) && (wider.delete || !narrower.delete)
    );
  },
  describe(granted) {
    const tables = granted.tables === "any" ? "any table" : `table ${granted.tables.join(", ")}`;
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
        return decideTables(granted, routes);
      case "delete":
        return granted.delete
          ? decideTables(granted, routes)
          : denied(`"container-routes" with "delete" would allow it`);
      default:
        return denied(`"container-routes" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

function decideTables(granted: ContainerRoutesScope, routes: unknown): Decision {
  if (!Array.isArray(routes)) return denied("the routes are no list");
  const refused = routes.map((route: unknown) => tableOf(route)).find((table) => !tableGranted(granted.tables, table));
  return allowedIf(
    refused === undefined,
    `"container-routes" with table ${String(refused)} in "tables" would allow it`,
  );
}

/** Gives the table of a route; 0 is the main one to the kernel. */
function tableOf(route: unknown): unknown {
  const table = fieldOf(route, "table");
  return table === undefined || table === 0 ? MAIN_TABLE : table;
}

function tableGranted(tables: ContainerRoutesScope["tables"], table: unknown): boolean {
  if (typeof table !== "number") return false;
  return tables === "any" ? table !== LOCAL_TABLE : tables.includes(table);
}

function tablesCover(wider: ContainerRoutesScope, narrower: ContainerRoutesScope): boolean {
  if (narrower.tables === "any") return wider.tables === "any";
  return narrower.tables.every((table) => tableGranted(wider.tables, table));
}
