/**
 * @module Messages about routing policy rules. Source of all numbers: linux/fib_rules.h and linux/rtnetlink.h, Linux 6.12.
 */

import { addressBits, ipFromBytes, ipToBytes, type IpFamily, type IpPrefix } from "../../spec/ip.ts";
import { familyOfNumber, FAMILY_NUMBERS } from "./address-messages.ts";
import { FLAG_CREATE, FLAG_EXCLUSIVE, readAttributes, readU32, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

const FRA_SRC = 2;
const FRA_PRIORITY = 6;
const FRA_TABLE = 15;
const FR_ACT_TO_TBL = 1;
/** Highest table number that fits into the header. */
const HEADER_TABLE_MAX = 255;
/** Bytes of `struct fib_rule_hdr`, see {@link readRule}. */
const RULE_HEADER_BYTES = 12;
/** Offset of the length of the source's prefix in `struct fib_rule_hdr`. */
const SOURCE_LENGTH_OFFSET = 2;
/** Offset of the table, where it fits. */
const TABLE_OFFSET = 4;
/** Offset of the action. */
const ACTION_OFFSET = 7;

/** Packets from a source are routed by a table. The WIT record `rule`. */
export interface PolicyRule {
  readonly source: IpPrefix;
  /** Number of the routing table. */
  readonly table: number;
  /** Lower is asked first; absent: the kernel's choice, before every rule that is there but the first. */
  readonly priority?: number | undefined;
}

/** A rule as it is listed. */
export interface ListedRule {
  /** Source; `undefined`: any. */
  readonly source: IpPrefix | undefined;
  /** Table; `undefined`: the rule leads to none, such as one that drops. */
  readonly table: number | undefined;
  /** 0 where the kernel says none. */
  readonly priority: number;
}

/** Adds a rule, if there is none of that source, table and priority. Where the kernel chooses the priority, there is none. */
export function addRuleRequest(rule: PolicyRule): NetlinkRequest {
  return {
    type: RTM_NEWRULE,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWRULE",
    write: (writer) => writeRule(writer, rule),
  };
}

/** Deletes the first rule of a source and table, and of a priority where it is given. */
export function deleteRuleRequest(rule: PolicyRule): NetlinkRequest {
  return { type: RTM_DELRULE, call: "RTM_DELRULE", write: (writer) => writeRule(writer, rule) };
}

/** Asks for the rules of a family. */
export function listRulesRequest(family: IpFamily): NetlinkRequest {
  return {
    type: RTM_GETRULE,
    call: "RTM_GETRULE dump",
    write: (writer) => void writer.u8(FAMILY_NUMBERS[family]).u8(0).u16(0).u32(0).u32(0),
  };
}

/**
 * Reads a rule; `undefined`: the message is none.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | length of the destination's prefix, in bits |
 * | 2 | 1 | length of the source's prefix, in bits |
 * | 3 | 1 | type of service |
 * | 4 | 1 | table, where it fits |
 * | 5 | 2 | nothing |
 * | 7 | 1 | action |
 * | 8 | 4 | flags |
 * Source: `struct fib_rule_hdr`, linux/fib_rules.h, Linux 6.12.
 */
export function readRule({ type, payload }: Message): ListedRule | undefined {
  if (type !== RTM_NEWRULE || payload.length < RULE_HEADER_BYTES) return undefined;
  const attributes = readAttributes(payload, RULE_HEADER_BYTES);
  const family = familyOfNumber(payload[0]);
  if (attributes === undefined || family === undefined) return undefined;
  const source = readSource(attributes.get(FRA_SRC), family, payload.readUInt8(SOURCE_LENGTH_OFFSET));
  if (source === "broken") return undefined;
  const leadsToTable = payload.readUInt8(ACTION_OFFSET) === FR_ACT_TO_TBL;
  const table = readU32(attributes.get(FRA_TABLE)) ?? payload.readUInt8(TABLE_OFFSET);
  const priority = readU32(attributes.get(FRA_PRIORITY)) ?? 0;
  return { source, table: leadsToTable && table !== 0 ? table : undefined, priority };
}

function readSource(
  bytes: Buffer | undefined,
  family: IpFamily,
  prefixLength: number,
): IpPrefix | "broken" | undefined {
  const bits = addressBits(family);
  if (prefixLength > bits || (bytes !== undefined && bytes.length !== bits / 8)) return "broken";
  return bytes === undefined ? undefined : { address: ipFromBytes(bytes), prefixLength };
}

function writeRule(writer: MessageWriter, { source, table, priority }: PolicyRule): void {
  const { address, prefixLength } = source;
  writer.u8(FAMILY_NUMBERS[address.tag]).u8(0).u8(prefixLength).u8(0);
  writer
    .u8(table > HEADER_TABLE_MAX ? 0 : table)
    .u16(0)
    .u8(FR_ACT_TO_TBL)
    .u32(0);
  writer.attribute(FRA_SRC, ipToBytes(address));
  if (priority !== undefined) writer.attributeU32(FRA_PRIORITY, priority);
  writer.attributeU32(FRA_TABLE, table);
}
