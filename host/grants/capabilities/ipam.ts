/**
 * @module Grant `ipam`: calls of the network's IPAM plugin. Judged where the nested call begins, with the plugin's type as the argument.
 */

import * as z from "zod";
import { allowedIf, defineCapability } from "../capability.ts";
import { describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";
import type { NameReference } from "../references.ts";

/** Where a configuration names its IPAM plugin. Source: CNI SPEC 1.1.0, section 1, "Well-known keys". */
const CONFIGURED: readonly NameReference[] = [{ configuration: "/ipam/type" }];
const OPERATIONS = ["add", "del", "check", "status"] as const;

const scope = z.strictObject({ types: z.array(nameReference).default([...CONFIGURED]) });
/** Scope of `ipam`. */
export type IpamScope = z.output<typeof scope>;

/** Calling the IPAM plugin that the network's configuration names. */
export const ipam = defineCapability<IpamScope>({
  name: "ipam",
  operations: OPERATIONS,
  scope,
  covers: (wider, narrower) => namesCover(wider.types, narrower.types),
  describe: (granted) => [`calls the IPAM plugin: ${describeReferences(granted.types)}`],
  decide: (granted, { facts, operation, args }) =>
    allowedIf(
      OPERATIONS.some((known) => known === operation) && namesInclude(granted.types, facts, args[0]),
      `"ipam" with ${JSON.stringify(args[0])} in "types" would allow it`,
    ),
});
