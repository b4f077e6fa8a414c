/**
 * @module `container-rules`: which routing table the container asks for packets from an address. Each rule is on record before it is there.
 */
import * as z from "zod";
import type { PolicyRule, PolicyRules } from "../../kernel/policy-rules.ts";
import { KIND_OF_RULES, deleteRule, describeRule, isSameRule, ruleText } from "../kinds/container-rules.ts";
import type { ContainerSide } from "../state.ts";
import { HANDLE, IP_PREFIX, U32 } from "./arguments.ts";
import { OperationFailure, containerOf, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most rules, and most routes of a family, that are looked at: the container's owner decides how many there are. */
const LIST_MAX = 1024;
/** Most free tables that are found at once. */
const FREE_MAX = 64;
/** The tables that the kernel keeps itself: default, main, local. Source: RT_TABLE_*, linux/rtnetlink.h. */
const RESERVED: readonly number[] = [0, 253, 254, 255];
/** Highest number of a table. Source: FRA_TABLE is a u32, linux/fib_rules.h. */
const TABLE_MAX = 0xffff_ffff;

const RULE = z.object({ source: IP_PREFIX, table: U32, priority: U32.optional() });

export const CONTAINER_RULES: OperationInterface = {
  name: "container-rules",
  errors: {
    EEXIST: "already-exists",
    EOPNOTSUPP: "unsupported",
    EAFNOSUPPORT: "unsupported",
    EOVERFLOW: "limit-reached",
  },
  otherwise: "invalid-argument",
  operations: {
    add: operation({
      effect: "change",
      schema: z.tuple([HANDLE, z.array(RULE)]),
      run: (context, [, rules]) => addAll(context, rules),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([HANDLE]),
      run: (context) => containerOf(context).rtnetlink.rules.list(LIST_MAX),
    }),
    "free-tables": operation({
      effect: "read",
      schema: z.tuple([HANDLE, U32, U32]),
      run: (context, [, from, count]) => freeTables(containerOf(context).rtnetlink.rules, from, count),
    }),
    delete: operation({
      effect: "change",
      schema: z.tuple([HANDLE, z.array(RULE)]),
      run: (context, [, asked]) => {
        refuseReserved(asked);
        const { rtnetlink } = containerOf(context);
        for (const rule of asked) deleteRule(rtnetlink, rule);
      },
    }),
  },
};

/** Adds rules, all or none. */
function addAll(context: OperationContext, asked: readonly PolicyRule[]): void {
  refuseReserved(asked);
  const { ledger } = context.state;
  const container = containerOf(context);
  const { rtnetlink } = container;
  // The kernel takes the same rule twice when it chooses the priority.
  const there = rtnetlink.rules.list(LIST_MAX);
  if (there.some((found) => asked.some((rule) => isSameRule(found, rule))))
    throw new OperationFailure("already-exists");
  const row = writeIntent(context, container, asked);
  const added: PolicyRule[] = [];
  try {
    for (const rule of asked) {
      rtnetlink.rules.add(rule);
      added.push(rule);
    }
  } catch (error) {
    for (const rule of added) deleteRule(rtnetlink, rule);
    ledger.forget(row);
    throw error;
  }
  ledger.done(row);
}

/**
 * Rules of the kernel's own tables are nobody's to add, nor to delete: table 0 means any to a deletion.
 * @throws {OperationFailure} invalid-argument.
 */
function refuseReserved(rules: readonly PolicyRule[]): void {
  const found = rules.find(({ table }) => RESERVED.includes(table));
  if (found === undefined) return;
  const why = `table ${found.table} is the kernel's own; want one of 1 to 252, or 256 to ${TABLE_MAX}`;
  throw new OperationFailure("invalid-argument", why, true);
}

function writeIntent(
  { state, call }: OperationContext,
  { path, netns }: ContainerSide,
  rules: readonly PolicyRule[],
): number {
  const texts = rules.map(describeRule).join(", ");
  return state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: KIND_OF_RULES,
    key: texts,
    undo: { path, cookie: netns.cookie.toString(), rules: rules.map(ruleText) },
    description: `rules of the container: ${texts}`,
  });
}

/** Gives tables that nobody uses, lowest first. */
function freeTables(rules: PolicyRules, from: number, count: number): readonly number[] {
  const used = rules.tablesInUse(LIST_MAX);
  const free: number[] = [];
  for (let table = from; free.length < Math.min(count, FREE_MAX) && table <= TABLE_MAX; table += 1)
    if (!used.has(table) && !RESERVED.includes(table)) free.push(table);
  if (free.length < count) throw new OperationFailure("limit-reached");
  return free;
}
