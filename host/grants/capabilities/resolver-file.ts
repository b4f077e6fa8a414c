/**
 * @module Grant `resolver-file`: the resolver settings of files of the node.
 */

import * as z from "zod";
import { allowedIf, defineCapability } from "../capability.ts";
import { describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

const scope = z.strictObject({
  /** Exact, absolute paths. */
  paths: z.array(nameReference).default([]),
});
/** Scope of `resolver-file`. */
export type ResolverFileScope = z.output<typeof scope>;

/** Reading the resolver settings of files of the node. */
export const resolverFile = defineCapability<ResolverFileScope>({
  name: "resolver-file",
  operations: ["read"],
  scope,
  covers: (wider, narrower) => namesCover(wider.paths, narrower.paths),
  describe: (granted) => [`reads resolver settings of: ${describeReferences(granted.paths)}`],
  decide: (granted, { facts, operation, args }) =>
    allowedIf(
      operation === "read" && isPlainPath(args[0]) && namesInclude(granted.paths, facts, args[0]),
      `"resolver-file" with ${JSON.stringify(args[0])} in "paths" would allow it`,
    ),
});

/** Tells an absolute path without `.`, `..` or empty steps. */
function isPlainPath(path: unknown): boolean {
  if (typeof path !== "string" || !path.startsWith("/") || path.includes("\0")) return false;
  return path
    .slice(1)
    .split("/")
    .every((step) => step !== "" && step !== "." && step !== "..");
}
