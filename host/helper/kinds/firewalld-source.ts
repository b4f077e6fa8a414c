/**
 * @module Addresses that are sources of a zone of firewalld's. It keeps them in its memory: when it ends, they are gone.
 */
import { Firewalld } from "../../kernel/firewalld.ts";
import type { ZoneSource } from "../../kernel/firewalld.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** Kind of its rows. */
export const FIREWALLD_SOURCE = "firewalld-source";

export const firewalldSource: OwnedKind = {
  undo: (state, row) => {
    if (!wasThere(row)) withFirewalld(state, (firewalld) => firewalld.remove(sourceOf(row)));
    return undefined;
  },
  compare: (state, row) => (isSource(state, row) ? [] : [driftOf(row)]),
  repair: (state, row) => withFirewalld(state, (firewalld) => firewalld.add(sourceOf(row))),
  // Nothing of firewalld's carries a tag.
  objects: () => [],
};

/** Whether firewalld runs, and has it. @throws {KernelError} ETIMEDOUT when it is silent. */
export function isSource(state: Pick<HelperState, "node">, row: OwnedRow): boolean {
  return withFirewalld(state, (firewalld) => firewalld.has(sourceOf(row))) === true;
}

/** Gives what firewalld answers; `undefined` where none runs, and so has nothing. */
function withFirewalld<Result>(
  { node }: Pick<HelperState, "node">,
  run: (firewalld: Firewalld) => Result,
): Result | undefined {
  using firewalld = Firewalld.open(node.netns);
  return firewalld === undefined ? undefined : run(firewalld);
}

/** Whether somebody else had put it there before. */
function wasThere({ undo }: OwnedRow): boolean {
  return undo["wasThere"] === true;
}

function sourceOf({ undo: { zone, source } }: OwnedRow): ZoneSource {
  return { zone: String(zone), source: String(source) };
}

function driftOf(row: OwnedRow): Drift {
  const { zone, source } = sourceOf(row);
  return {
    what: "missing",
    object: `source ${source} of firewalld's zone ${zone}`,
    wanted: "a source of the zone",
    found: "none, or firewalld does not run",
  };
}
