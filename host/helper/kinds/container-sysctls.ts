/**
 * @module Settings of a container's namespace: `settings` of a row are the values that they had, `wanted` those that they were given, as the kernel
 * shows them.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Netns } from "../../kernel/netns.ts";
import { readSetting, writeSetting } from "../../kernel/sysctl-text.ts";
import type { JsonValue, OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareInNamespace, inNamespace } from "../undo/container.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** Kind of a row about settings. */
export const KIND_OF_SETTINGS = "container-sysctls";

/** A setting and the value that it had. */
export type ReplacedSetting = readonly [name: string, value: string];

export const containerSysctls: OwnedKind = {
  undo: restoreSettings,
  compare: (state, row) =>
    compareInNamespace(row.undo, (netns) => wantedOf(state, row).flatMap((setting) => compareOne(netns, setting))),
  repair: (state, row) =>
    inNamespace(row.undo, (netns) => {
      for (const setting of wantedOf(state, row))
        if (compareOne(netns, setting).some(({ what }) => what === "changed")) writeSetting(netns, ...setting);
    }),
  objects: () => [],
};

/** What the kernel says of a setting that went with its link, or whose old value is not possible any more. */
const PASSED_OVER: readonly string[] = ["ENOENT", "EINVAL", "ERANGE"];

/** Gives settings their old values, last first; one that is gone, or cannot have it any more, is passed over. */
export function writeBack(netns: Netns, replaced: readonly ReplacedSetting[]): void {
  for (const [name, value] of replaced.toReversed()) {
    try {
      writeSetting(netns, name, value);
    } catch (error) {
      if (!isKernelError(error) || !PASSED_OVER.includes(error.errno)) throw error;
    }
  }
}

/**
 * Undoes a row. Where another one was written later for the same setting of the same namespace, by another attachment of the container,
 * that one's value stays in force: what it has to put back is from now on what this one would have.
 */
export function restoreSettings(state: HelperState, row: OwnedRow): undefined {
  return inNamespace(row.undo, (netns) => {
    const later = laterRows(state, row);
    const own = replacedIn(row.undo["settings"]).filter(([name, value]) => !bequeath(state, later, [name, value]));
    writeBack(netns, own);
  });
}

/** Gives what a row has settings be, but for those that a later one gave another value. */
function wantedOf(state: HelperState, row: OwnedRow): readonly ReplacedSetting[] {
  const later = new Set(laterRows(state, row).flatMap(({ undo }) => replacedIn(undo["wanted"]).map(([name]) => name)));
  return replacedIn(row.undo["wanted"]).filter(([name]) => !later.has(name));
}

function compareOne(netns: Netns, [name, value]: ReplacedSetting): readonly Drift[] {
  const object = `setting ${name} of the container`;
  const wanted = JSON.stringify(value);
  try {
    const found = readSetting(netns, name);
    // One that cannot be read says nothing.
    if (found === undefined || found === value) return [];
    return [{ what: "changed", object, wanted, found: JSON.stringify(found) }];
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
    return [{ what: "missing", object, wanted, found: "no such setting" }];
  }
}

/** Rows about the same namespace that were written after one, first made first. */
function laterRows({ ledger }: HelperState, { id, containerId, nodeNetnsCookie, undo }: OwnedRow): OwnedRow[] {
  const rows = ledger.owned({ kind: KIND_OF_SETTINGS, containerId, nodeNetnsCookie });
  return rows.filter((each) => each.id > id && each.undo["cookie"] === undo["cookie"]);
}

/** Leaves an old value to the first row that has one for the same setting; tells whether there is one. */
function bequeath({ ledger }: HelperState, rows: OwnedRow[], [name, value]: ReplacedSetting): boolean {
  const index = rows.findIndex(({ undo }) => replacedIn(undo["settings"]).some(([each]) => each === name));
  const heir = rows[index];
  if (heir === undefined) return false;
  const settings = replacedIn(heir.undo["settings"]).map(([each, theirs]): ReplacedSetting => [
    each,
    each === name ? value : theirs,
  ]);
  const undo = { ...heir.undo, settings };
  ledger.done(heir.id, undo);
  rows[index] = { ...heir, undo };
  return true;
}

function replacedIn(value: JsonValue | undefined): readonly ReplacedSetting[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [];
  return list.flatMap((each): ReplacedSetting[] => {
    const [name, text]: readonly unknown[] = Array.isArray(each) ? each : [];
    return typeof name === "string" && typeof text === "string" ? [[name, text]] : [];
  });
}
