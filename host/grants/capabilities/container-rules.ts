/**
 * @module Grant `container-rules`: which routing table is asked for packets from the attachment's addresses.
 */

import * as z from "zod";
import { addressBits, ipEquals, isIpPrefix } from "../../spec/ip.ts";
import { ALLOWED, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { describeTables, tableReference, tablesCover, tablesInclude } from "../table-references.ts";

const scope = z.strictObject({
  /** Tables that rules may lead to. */
  tables: z.array(tableReference),
});
/** Scope of `container-rules`. */
export type ContainerRulesScope = z.output<typeof scope>;

/** Routing policy rules of the container's namespace: for packets from the addresses that the call was given, and no others. */
export const containerRules = defineCapability<ContainerRulesScope>({
  name: "container-rules",
  operations: ["add", "list", "free-tables", "delete"],
  scope,
  covers: (wider, narrower) => tablesCover(wider.tables, narrower.tables),
  describe: ({ tables }) => [
    `chooses the routing table for packets from the attachment's addresses, among tables: ${describeTables(tables)}`,
  ],
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "list":
      case "free-tables":
        return ALLOWED;
      case "add":
      case "delete":
        return decideRules(granted, facts, args[1]);
      default:
        return denied(`"container-rules" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

function decideRules(granted: ContainerRulesScope, facts: CallFacts, rules: unknown): Decision {
  if (!Array.isArray(rules)) return denied("the rules are no list");
  for (const rule of rules as readonly unknown[]) {
    const table = fieldOf(rule, "table");
    if (!tablesInclude(granted.tables, facts, table))
      return denied(`"container-rules" with table ${JSON.stringify(table)} in "tables" would allow it`);
    if (!isOwnSource(facts, fieldOf(rule, "source")))
      return denied("a source is not one address that the call was given; no grant would allow it");
  }
  return ALLOWED;
}

/** A rule is for one address: a shorter prefix would take the packets of others along. */
function isOwnSource({ givenAddresses }: CallFacts, source: unknown): boolean {
  if (!isIpPrefix(source) || source.prefixLength !== addressBits(source.address.tag)) return false;
  return givenAddresses.some(({ address }) => ipEquals(address, source.address));
}
