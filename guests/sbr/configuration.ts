/**
 * @module Configuration of the plugin `sbr`.
 */
import type { IpAddress, IpFamily, Request } from "cnidaria:plugin/types@0.1.0";

import { type Bounds, type Fields, invalid, parseAddress, parseConfiguration } from "../sdk/configuration.ts";

/** Numbers of routing tables; 0 stands for none. Source: FRA_TABLE, linux/fib_rules.h. */
const TABLE: Bounds = { minimum: 1, maximum: 0xff_ff_ff_ff };
/** The table of the kernel's own addresses. Source: RT_TABLE_LOCAL, linux/rtnetlink.h. */
const LOCAL_TABLE = 255;

/** What a network's configuration asks of one attachment. */
export interface SbrConfiguration {
  /** Table that is there already; `undefined`: every address gets one of its own. */
  readonly table: number | undefined;
  /** Gateways that the tables' default routes have in place of the addresses' own. */
  readonly gateways: ReadonlyMap<IpFamily, IpAddress>;
  /** The main table keeps the routes to the link's subnets. */
  readonly addSourceHints: boolean;
}

/**
 * Reads what ADD and CHECK need.
 * @throws {PluginFailure} code 6 for a field of another type, 7 for a value that cannot be meant.
 */
export function readSbrConfiguration(request: Request): SbrConfiguration {
  const fields = parseConfiguration(request.configuration);
  const table = fields.integer("table", TABLE);
  if (table === LOCAL_TABLE) invalid("table", "another table than the kernel's own", table);
  return { table, gateways: readGateways(fields), addSourceHints: fields.flag("addSourceHints") };
}

function readGateways(fields: Fields): ReadonlyMap<IpFamily, IpAddress> {
  const gateways = new Map<IpFamily, IpAddress>();
  for (const [index, text] of (fields.texts("gateways") ?? []).entries()) {
    const gateway = parseAddress(`gateways[${index}]`, text);
    if (gateways.has(gateway.tag)) invalid("gateways", `at most one gateway of ${gateway.tag}`, text);
    gateways.set(gateway.tag, gateway);
  }
  return gateways;
}
