/**
 * @module What is said of an attachment that is not as ADD left it.
 */

import type { Difference } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";

/** Says one difference, in a line. */
export function differenceLine({ object, wanted, found, advice, repair, why }: Difference): string {
  const line = `${object}: wanted ${wanted}, found ${found}`;
  if (repair === "repaired") return `repaired: ${line}`;
  const reason = why === undefined ? advice : `${why}; ${advice}`;
  return repair === undefined ? `drifted: ${line}; ${advice}` : `not repaired: ${line}; ${reason}`;
}

/** Makes the error of an attachment that drifted. `repaired`: what was to be put back. */
export function drifted(differences: readonly Difference[], repaired: readonly Difference[]): CniError {
  const [first, ...others] = differences;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  const what = first === undefined ? "" : `: ${first.object}: wanted ${first.wanted}, found ${first.found}${more}`;
  return new CniError("drifted", `the attachment is not as ADD left it${what}`, {
    details: [...repaired, ...differences].map(differenceLine).join("\n"),
  });
}
