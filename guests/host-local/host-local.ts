/**
 * @module The plugin `host-local` over the imports it is given: addresses out of ranges, kept as leases of the node.
 */
import type { Dns, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { CODES, fail, must, type PluginExports } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { formatAddress } from "../sdk/ip-text.ts";
import { readForStatus } from "../sdk/status.ts";
import { allocate } from "./allocate.ts";
import { readHostLocalConfiguration } from "./configuration.ts";
import type { HostLocalImports } from "./imports.ts";
import { excludedOf, formatRangeSet, rangeOf } from "./ranges.ts";

/** Binds the plugin to its imports. */
export function createHostLocal(imports: HostLocalImports): NonNullable<PluginExports["addresses"]> {
  const { leases } = imports;
  return {
    add(request) {
      const configuration = readHostLocalConfiguration(request);
      // Before anything is reserved, as in the reference plugin.
      const dns = readResolver(imports, configuration.resolvConf);
      return { ips: allocate(leases, configuration, request), routes: [...configuration.routes], dns };
    },
    // The configuration is not read: an attachment can be deleted whatever became of it.
    del: () => must("release addresses", () => leases.release()),
    check: (request) => check(imports, request),
    status: (request) => status(imports, request),
  };
}

function readResolver({ resolverFile }: HostLocalImports, path: string | undefined): Dns | undefined {
  return path === undefined ? undefined : must(`read resolver file ${quote(path)}`, () => resolverFile.read(path));
}

/** Compares leases with the result; the reference plugin only looks whether there is a lease at all. */
function check({ leases }: HostLocalImports, request: Request): void {
  const { sets } = readHostLocalConfiguration(request);
  const own = must("list addresses", () => leases.list());
  if (own.length === 0) fail(CODES.internal, `no address is allocated to ${request.containerId} ${request.ifname}`);
  for (const { address } of request.previousResult?.ips ?? []) {
    const isOurs = sets.some((set) => rangeOf(set, address.address) !== undefined);
    if (!isOurs || own.some((lease) => addressesEqual(lease.address, address.address))) continue;
    fail(
      CODES.internal,
      `${formatAddress(address.address)} is not allocated to ${request.containerId} ${request.ifname}`,
    );
  }
}

function status({ leases }: HostLocalImports, request: Request): void {
  const { sets } = readForStatus(() => readHostLocalConfiguration(request));
  for (const set of sets) {
    const ranges = set.map(({ first, last }) => ({ first, last }));
    const free = must(
      "count free addresses",
      () => leases.countFree(ranges, excludedOf(set, sets)),
      CODES.pluginUnavailable,
    );
    if (free === "0") fail(CODES.pluginUnavailable, `no address is free in range set ${formatRangeSet(set)}`);
  }
}
