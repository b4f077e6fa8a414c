/**
 * @module The plugin `static`: addresses that are written down. It imports nothing.
 */
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail, type PluginExports } from "../sdk/index.ts";
import { addressesEqual, prefixesEqual } from "../sdk/ip.ts";
import { formatAddress, formatPrefix } from "../sdk/ip-text.ts";
import { resultOfAdd } from "../sdk/results.ts";
import { readForStatus } from "../sdk/status.ts";
import { readStaticConfiguration, type StaticAddress } from "./configuration.ts";

/** Makes the plugin. */
export function createStatic(): NonNullable<PluginExports["addresses"]> {
  return {
    add(request) {
      const { addresses, routes, dns } = readStaticConfiguration(request);
      return { ips: addresses.map(({ address, gateway }) => ({ address, gateway })), routes: [...routes], dns };
    },
    // Nothing is kept.
    del: () => undefined,
    check: checkAddresses,
    status(request) {
      readForStatus(() => readStaticConfiguration(request));
    },
  };
}

/** Compares the addresses with the result; the reference plugin passes an address that is missing. */
function checkAddresses(request: Request): void {
  const { addresses } = readStaticConfiguration(request);
  const result = resultOfAdd(request);
  for (const wanted of addresses) {
    const found = result.ips.filter(({ address }) => prefixesEqual(address, wanted.address));
    if (found.length === 0) fail(CODES.internal, `the result does not have address ${formatPrefix(wanted.address)}`);
    if (found.some(({ gateway }) => hasGateway(wanted, gateway))) continue;
    fail(
      CODES.internal,
      `the result has another gateway for ${formatPrefix(wanted.address)}, want ${gatewayText(wanted)}`,
    );
  }
}

/** Tells whether a gateway is the one of an address; where none is written, a main plugin may have chosen any. */
function hasGateway({ gateway: wanted }: StaticAddress, found: StaticAddress["gateway"]): boolean {
  return wanted === undefined || (found !== undefined && addressesEqual(wanted, found));
}

function gatewayText({ gateway }: StaticAddress): string {
  return gateway === undefined ? "any" : formatAddress(gateway);
}
