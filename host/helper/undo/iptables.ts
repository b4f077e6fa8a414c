/**
 * @module Undoing what was made by iptables: one run for each variant and family, however many rows there are.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import type { IptablesTarget } from "../../kernel/iptables/iptables.ts";
import { mergeTables, type TableChanges } from "../../kernel/iptables/rule-text.ts";
import { endOfFrame, frameOf, isolationThing, thingOf, type IptablesThing } from "../iptables-things.ts";
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import { forgetFlows } from "../port-flows.ts";
import { HOST_PORT, readPortRow } from "../published-ports.ts";
import type { HelperState } from "../state.ts";

/** Something to undo, with what is to be done in the ledger then. */
export interface IptablesRemoval {
  readonly targets: readonly IptablesTarget[];
  readonly tables: readonly TableChanges[];
  readonly description: string;
  readonly undone: () => void;
}

/** Gives how an attachment's row is undone; `undefined`: not by iptables. */
export function removalOfRow(
  { ledger, node }: Pick<HelperState, "ledger" | "node">,
  row: OwnedRow,
): IptablesRemoval | undefined {
  const thing = thingOf(row);
  if (thing === undefined) return undefined;
  return {
    targets: thing.targets,
    tables: [thing.end()],
    description: row.description,
    undone: () => {
      // What goes on would otherwise go where its first packet went.
      if (row.kind === HOST_PORT) forgetFlows(node, readPortRow(row));
      ledger.forget(row.id);
    },
  };
}

/** Gives how a shared row that nobody uses is undone; `undefined`: not by iptables. */
export function removalOfShared({ ledger }: Pick<HelperState, "ledger">, row: SharedRow): IptablesRemoval | undefined {
  const frame = frameOf(row);
  const isolated = row.kind === "isolation" ? isolationThing(row) : undefined;
  const targets = frame === undefined ? isolated?.targets : [frame];
  if (targets === undefined) return undefined;
  return {
    targets,
    tables: frame === undefined ? endOf(isolated) : endOfFrame(frame),
    description: row.description,
    undone: () => ledger.shared.removed(row.id),
  };
}

function endOf(thing: IptablesThing | undefined): readonly TableChanges[] {
  return thing === undefined ? [] : [thing.end()];
}

/**
 * Undoes, and marks as undone what is. Never throws for what iptables refuses.
 * @returns what could not be undone, and stays on record; empty: all is well.
 */
export async function removeByIptables(
  { node }: Pick<HelperState, "node">,
  removals: readonly IptablesRemoval[],
): Promise<readonly string[]> {
  const failed = new Map<IptablesRemoval, string>();
  const parts = removals.flatMap((removal) => removal.targets.map((target) => ({ target, removal })));
  const groups = Map.groupBy(parts, ({ target: { variant, family } }) => `${variant} ${family}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    try {
      const tables = mergeTables(group.flatMap(({ removal }) => removal.tables));
      await withinPoints("helper.undo", first.target.variant, () => node.iptables().change(first.target, tables));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      for (const { removal } of group) failed.set(removal, why);
    }
  }
  for (const removal of removals) if (!failed.has(removal)) removal.undone();
  return [...failed].map(([{ description }, why]) => `${description}: ${why}`);
}
