/**
 * @module Leases that were taken over from another store: known by their operation.
 */
import type { Lease } from "./lease-records.ts";

/** What the operation id of a lease that was taken over begins with. */
const IMPORT_PREFIX = "import-";

/** Gives the operation id for addresses that are taken over. */
export function importIdOf(uuid: string): string {
  return `${IMPORT_PREFIX}${uuid}`;
}

/** Tells whether a lease was taken over: of an attachment that another program made. */
export function isTakenOver({ operationId }: Pick<Lease, "operationId">): boolean {
  return operationId.startsWith(IMPORT_PREFIX);
}
