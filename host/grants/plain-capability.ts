/**
 * @module Capabilities that have nothing to narrow: granted or not.
 */

import * as z from "zod";
import { allowedIf, defineCapability } from "./capability.ts";
import type { Capability } from "./capability.ts";

const scope = z.strictObject({});
/** The empty scope. */
export type PlainScope = z.output<typeof scope>;

/** Defines a capability whose grant allows every function of its interface. */
export function plainCapability(
  name: string,
  operations: readonly string[],
  description: string,
): Capability<PlainScope> {
  return defineCapability<PlainScope>({
    name,
    operations,
    scope,
    covers: () => true,
    describe: () => [description],
    decide: (_granted, { operation }) =>
      allowedIf(
        operations.includes(operation),
        `${JSON.stringify(name)} has no operation ${JSON.stringify(operation)}`,
      ),
  });
}
