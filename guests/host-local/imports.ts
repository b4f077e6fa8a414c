/**
 * @module What the plugin `host-local` calls, as a value that it is given.
 */
import type * as Leases from "cnidaria:plugin/leases@0.1.0";
import type * as ResolverFile from "cnidaria:plugin/resolver-file@0.1.0";

/** The functions of the contract that the plugin uses. */
export interface HostLocalImports {
  readonly leases: Pick<typeof Leases, "reserveNext" | "reserve" | "list" | "release" | "countFree">;
  readonly resolverFile: Pick<typeof ResolverFile, "read">;
}
