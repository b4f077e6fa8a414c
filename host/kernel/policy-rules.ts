/**
 * @module Routing policy rules of one network namespace, and the tables that are in use there.
 */

import type { IpFamily } from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import { listAllRoutesRequest, readRoutes } from "./netlink/route-messages.ts";
import {
  addRuleRequest,
  deleteRuleRequest,
  listRulesRequest,
  readRule,
  type ListedRule,
  type PolicyRule,
} from "./netlink/rule-messages.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";

export type { PolicyRule } from "./netlink/rule-messages.ts";

const FAMILIES: readonly IpFamily[] = ["ipv4", "ipv6"];

/** What the kernel says of a family that it does not have, or has no rules for. */
const NO_FAMILY: readonly string[] = ["EAFNOSUPPORT", "EOPNOTSUPP"];

/** Every method throws a {@link KernelError} with the kernel's error number; only what is special about it is said below. */
export class PolicyRules {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Adds a rule. @throws {KernelError} EEXIST, where it has a priority; EOPNOTSUPP without policy routing. */
  add(rule: PolicyRule): void {
    this.#socket.change(addRuleRequest(rule));
  }

  /** Deletes a rule. @throws {KernelError} ENOENT when there is none. */
  delete(rule: PolicyRule): void {
    this.#socket.change(deleteRuleRequest(rule));
  }

  /**
   * Lists the rules that have a source and lead to a table, of both families, in the order in which they are asked.
   * @throws {KernelError} EOVERFLOW with more than `max` rules of any kind in the namespace.
   */
  list(max: number): PolicyRule[] {
    return this.#listAll(max).flatMap(({ source, table, priority }) =>
      source === undefined || table === undefined ? [] : [{ source, table, priority }],
    );
  }

  /**
   * Gives the tables that a rule leads to or that have a route, of both families.
   * @throws {KernelError} EOVERFLOW with more than `max` rules, or more than `max` routes of a family, in the namespace.
   */
  tablesInUse(max: number): Set<number> {
    const tables = new Set(this.#listAll(max).flatMap(({ table }) => table ?? []));
    for (const family of FAMILIES) {
      const routes = this.#orNone(() => this.#socket.dump(listAllRoutesRequest(family), max, readRoutes));
      for (const { route } of routes.flat()) if (route.table !== undefined) tables.add(route.table);
    }
    return tables;
  }

  /** Tells whether the kernel has policy routing for a family. Makes nothing. */
  isSupported(family: IpFamily): boolean {
    try {
      // Every namespace that has it has the three rules of the kernel's own.
      return this.#socket.dump(listRulesRequest(family), 1, readRule).length > 0;
    } catch (error) {
      if (isKernelError(error, "EOVERFLOW")) return true;
      if (isKernelError(error) && NO_FAMILY.includes(error.errno)) return false;
      throw error;
    }
  }

  #listAll(max: number): ListedRule[] {
    const rules: ListedRule[] = [];
    for (const family of FAMILIES)
      rules.push(...this.#orNone(() => this.#socket.dump(listRulesRequest(family), max - rules.length, readRule)));
    return rules;
  }

  #orNone<Value>(ask: () => Value[]): Value[] {
    try {
      return ask();
    } catch (error) {
      if (error instanceof KernelError && NO_FAMILY.includes(error.errno)) return [];
      throw error;
    }
  }
}
