/**
 * @module Routing policy rules of a container's namespace: `rules` of a row are those that were added.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { PolicyRule } from "../../kernel/policy-rules.ts";
import { Rtnetlink } from "../../kernel/rtnetlink.ts";
import { formatIpPrefix, prefixEquals, readIpPrefix } from "../../spec/ip.ts";
import type { JsonObject, JsonValue } from "../ledger/records.ts";
import { compareInNamespace, inNamespace } from "../undo/container.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** Kind of a row about rules. */
export const KIND_OF_RULES = "container-rules";

/** Most rules of a container that are looked at. Its owner controls how many there are. */
const LIST_MAX = 8192;

export const containerRules: OwnedKind = {
  undo: (_state, { undo }) =>
    inNamespace(undo, (netns) => {
      using rtnetlink = Rtnetlink.open(netns);
      for (const rule of rulesIn(undo["rules"])) deleteRule(rtnetlink, rule);
    }),
  compare: (_state, { undo }) =>
    compareInNamespace(undo, (netns) => {
      using rtnetlink = Rtnetlink.open(netns);
      return missingRules(rtnetlink, undo).map((rule): Drift => {
        return {
          what: "missing",
          object: `rule ${describeRule(rule)} of the container`,
          wanted: "there",
          found: "not there",
        };
      });
    }),
  repair: (_state, { undo }) =>
    inNamespace(undo, (netns) => {
      using rtnetlink = Rtnetlink.open(netns);
      for (const rule of missingRules(rtnetlink, undo)) rtnetlink.rules.add(rule);
    }),
  objects: () => [],
};

/** Writes a rule as a row has it. */
export function ruleText({ source, table, priority }: PolicyRule): JsonObject {
  return { source: formatIpPrefix(source), table, ...(priority === undefined ? {} : { priority }) };
}

/** Says a rule as people do: `from 10.1.0.2/32 table 100`. */
export function describeRule({ source, table }: PolicyRule): string {
  return `from ${formatIpPrefix(source)} table ${table}`;
}

/** Tells whether a rule that the kernel lists is the one that is wanted: where no priority was, any will do. */
export function isSameRule(found: PolicyRule, wanted: PolicyRule): boolean {
  return (
    found.table === wanted.table &&
    prefixEquals(found.source, wanted.source) &&
    (wanted.priority === undefined || found.priority === wanted.priority)
  );
}

/** Deletes a rule; one that is not there is passed over. */
export function deleteRule({ rules }: Pick<Rtnetlink, "rules">, rule: PolicyRule): void {
  try {
    rules.delete(rule);
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}

function missingRules({ rules }: Rtnetlink, undo: JsonObject): readonly PolicyRule[] {
  const wanted = rulesIn(undo["rules"]);
  if (wanted.length === 0) return [];
  const present = rules.list(LIST_MAX);
  return wanted.filter((rule) => !present.some((each) => isSameRule(each, rule)));
}

/** Reads the rules of a row; what is none is left out. */
function rulesIn(value: JsonValue | undefined): readonly PolicyRule[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [];
  return list.flatMap((each): PolicyRule[] => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return [];
    const { source, table, priority } = each as JsonObject;
    const prefix = typeof source === "string" ? readIpPrefix(source) : undefined;
    if (prefix === undefined || typeof table !== "number") return [];
    return [{ source: prefix, table, ...(typeof priority === "number" ? { priority } : {}) }];
  });
}
