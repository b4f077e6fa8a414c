/**
 * @module The conditions that packets to published ports are redirected on: one set for the IPv4 ports of an attachment, one for those of IPv6.
 */
import * as z from "zod";
import { conditionChainName, type ConditionChain, type PortConditions } from "../../kernel/port-conditions.ts";
import { formatIpPrefix } from "../../spec/ip.ts";
import type { IpFamily } from "../../spec/ip.ts";
import type { PublishedPort } from "../published-ports.ts";
import { IP_PREFIX, LINK_NAME } from "./arguments.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** Most addresses in one list. */
const PREFIXES_MAX = 64;
/** What the packet filter takes for a name and nothing else: a name may have more, such as its wildcards. */
const PLAIN_NAME = /^[A-Za-z0-9._:-]{1,15}$/u;

const CONDITIONS = z.object({
  incomingLink: LINK_NAME.optional(),
  excludedLink: LINK_NAME.optional(),
  sources: z.array(IP_PREFIX),
  excludedSources: z.array(IP_PREFIX),
  destinations: z.array(IP_PREFIX),
  excludedDestinations: z.array(IP_PREFIX),
});
/** Conditions as they are asked for, by the fields of the WIT record `publish-options`. */
export const CONDITION_OPTIONS = { conditionsV4: CONDITIONS.optional(), conditionsV6: CONDITIONS.optional() };

/** What is asked for. */
interface ConditionOptions {
  readonly conditionsV4?: PortConditions | undefined;
  readonly conditionsV6?: PortConditions | undefined;
}

/**
 * Gives the conditions of each family that has ports, where there are any.
 * @throws {OperationFailure} invalid-argument for one that is no condition.
 */
export function conditionsOf(
  { call }: OperationContext,
  ports: readonly PublishedPort[],
  { conditionsV4, conditionsV6 }: ConditionOptions,
): ReadonlyMap<IpFamily, { readonly name: string; readonly chain: ConditionChain }> {
  const found = new Map<IpFamily, { name: string; chain: ConditionChain }>();
  for (const [family, conditions] of [
    ["ipv4", conditionsV4],
    ["ipv6", conditionsV6],
  ] as const) {
    if (conditions === undefined) continue;
    judge(family, conditions);
    const isNeeded = isCondition(conditions) && ports.some(({ from }) => from.family === family);
    const chain = { tag: call.tag, family, conditions };
    if (isNeeded) found.set(family, { name: conditionChainName(chain), chain });
  }
  return found;
}

function judge(family: IpFamily, conditions: PortConditions): void {
  for (const link of [conditions.incomingLink, conditions.excludedLink]) {
    if (link !== undefined && !PLAIN_NAME.test(link))
      throw invalid(`${JSON.stringify(link)}: want a link's name of 1 to 15 letters, digits and ". _ : -"`);
  }
  for (const list of listsOf(conditions)) {
    if (list.length > PREFIXES_MAX)
      throw invalid(`${list.length} addresses in a condition, ${PREFIXES_MAX} are possible`);
    const foreign = list.find(({ address }) => address.tag !== family);
    if (foreign !== undefined) throw invalid(`${formatIpPrefix(foreign)} is no condition of ${family} ports`);
  }
}

function isCondition(conditions: PortConditions): boolean {
  const { incomingLink, excludedLink } = conditions;
  return (
    incomingLink !== undefined || excludedLink !== undefined || listsOf(conditions).some(({ length }) => length > 0)
  );
}

function listsOf(conditions: PortConditions): readonly PortConditions["sources"][] {
  const { sources, excludedSources, destinations, excludedDestinations } = conditions;
  return [sources, excludedSources, destinations, excludedDestinations];
}

function invalid(why: string): OperationFailure {
  return new OperationFailure("invalid-argument", why, true);
}
