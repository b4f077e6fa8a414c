/**
 * @module Grant `node-links`: links of the node, by name.
 */

import * as z from "zod";
import { allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

const scope = z.strictObject({
  /** Bridges that may be made and plugged into. */
  bridges: z.array(nameReference).default([]),
  /** Of those, the ones that may be used though Cnidaria did not make them. Never offered: the operator adds them. */
  adopt: z.array(nameReference).default([]),
  /** Other links that may be read. */
  read: z.array(nameReference).default([]),
});
/** Scope of `node-links`. */
export type NodeLinksScope = z.output<typeof scope>;

/** Links of the node. Those that the attachment made are its own without being named. */
export const nodeLinks = defineCapability<NodeLinksScope>({
  name: "node-links",
  operations: ["ensure-bridge", "get", "wait-until-up"],
  scope,
  covers(wider, narrower) {
    return (
      namesCover(wider.bridges, narrower.bridges) &&
      namesCover(wider.adopt, narrower.adopt) &&
      namesCover([...wider.read, ...wider.bridges], narrower.read)
    );
  },
  describe(granted) {
    const lines =
      granted.bridges.length === 0
        ? ["reads links of the node that this attachment made"]
        : [`bridges of the node: ${describeReferences(granted.bridges)}`];
    if (granted.adopt.length > 0) lines.push(`bridges that others made: ${describeReferences(granted.adopt)}`);
    if (granted.read.length > 0) lines.push(`reads links of the node: ${describeReferences(granted.read)}`);
    return lines;
  },
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "ensure-bridge":
        return allowedIf(
          coversBridge(granted, facts, fieldOf(args[0], "name")),
          bridgeReason(fieldOf(args[0], "name")),
        );
      case "get":
        return allowedIf(
          isOwn(facts, args[0]) || namesInclude([...granted.bridges, ...granted.read], facts, args[0]),
          `"node-links" with ${JSON.stringify(args[0])} in "read" would allow it`,
        );
      case "wait-until-up":
        return allowedIf(
          isOwn(facts, args[0]),
          `${JSON.stringify(args[0])} is not a link of this attachment; no grant would allow it`,
        );
      default:
        return denied(`"node-links" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

/** Tells whether a bridge may be plugged into; `name` is the guest's. */
export function coversBridge(granted: NodeLinksScope | undefined, facts: CallFacts, name: unknown): boolean {
  return granted !== undefined && namesInclude(granted.bridges, facts, name);
}

/** Tells whether a bridge may be used though Cnidaria did not make it. */
export function coversAdoption(granted: NodeLinksScope | undefined, facts: CallFacts, name: string): boolean {
  return granted !== undefined && namesInclude(granted.adopt, facts, name);
}

/** Names the grant that would allow a bridge. */
export function bridgeReason(name: unknown): string {
  return `"node-links" with ${JSON.stringify(name)} in "bridges" would allow it`;
}

function isOwn(facts: CallFacts, name: unknown): boolean {
  return typeof name === "string" && facts.ownedNodeLinks.has(name);
}
