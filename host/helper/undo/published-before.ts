/**
 * @module Ports that an operation was about to publish in the place of others. What it makes has the same names as what was there before, and the rows of that
 * stay until it is made: where it is undone, what they stand for goes along, and has to be made again.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import { kindOf } from "../kinds/index.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { PORT_KINDS } from "../published-ports.ts";
import type { HelperState } from "../state.ts";

/** Gives rows of ports that stay when others are undone, which the same plugin has for the same attachment; in the order in which they are to be made. */
export function publishedBefore({ ledger, node }: HelperState, undone: readonly OwnedRow[]): readonly OwnedRow[] {
  const owners = new Map(undone.filter(isOfPorts).map((row) => [JSON.stringify([row.tag, row.operationId]), row]));
  const ids = new Set(undone.map(({ id }) => id));
  return [...owners.values()].flatMap((owner) =>
    PORT_KINDS.flatMap((kind) =>
      ledger
        .owned({ attachment: owner, digest: owner.digest, kind, nodeNetnsCookie: node.cookie })
        .filter(({ id, state, operationId }) => !ids.has(id) && state === "done" && operationId !== owner.operationId),
    ),
  );
}

/** Makes what rows stand for again, as far as it is not there, and adds what the kernel refuses to `failures`. */
export function publishAgain(state: HelperState, rows: readonly OwnedRow[], failures: string[]): void {
  for (const row of rows) {
    try {
      withinPoints("helper.undo", row.kind, () => kindOf(row).repair?.(state, row));
    } catch (error) {
      failures.push(`${row.description}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function isOfPorts({ kind }: OwnedRow): boolean {
  return PORT_KINDS.some((each) => each === kind);
}
