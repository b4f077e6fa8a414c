/**
 * @module Which of several things are in iptables, in one variant and family: one run for all of them, and one more for each that is not.
 */
import type { Iptables, IptablesTarget, WantedRules } from "../kernel/iptables/iptables.ts";
import type { Rule } from "../kernel/iptables/rule-text.ts";

/** Something that is there when all of its rules are. */
export interface IptablesPart {
  readonly wanted: readonly WantedRules[];
}

/**
 * Gives those parts that are there. `ways`: rules without which none of them is.
 * @throws {KernelError} as {@link Iptables.firstMissing}.
 */
export async function partsThere<Part extends IptablesPart>(
  iptables: Pick<Iptables, "firstMissing">,
  target: IptablesTarget,
  { parts, ways }: { readonly parts: readonly Part[]; readonly ways: readonly WantedRules[] },
): Promise<readonly Part[]> {
  let left = parts;
  while (left.length > 0) {
    const missing = await iptables.firstMissing(target, byTable([...ways, ...left.flatMap(({ wanted }) => wanted)]));
    if (missing === undefined) return left;
    const lost = left.find(({ wanted }) => wanted.some(({ rules }) => rules.some((each) => isSame(each, missing))));
    if (lost === undefined) return [];
    left = left.filter((part) => part !== lost);
  }
  return [];
}

function byTable(wanted: readonly WantedRules[]): WantedRules[] {
  return [...Map.groupBy(wanted, ({ table }) => table)].map(([table, each]) => ({
    table,
    rules: each.flatMap(({ rules }) => rules),
  }));
}

function isSame(one: Rule, other: Rule): boolean {
  return one.chain === other.chain && one.words.join(" ") === other.words.join(" ");
}
