/**
 * @module The plugin `bandwidth` over the imports it is given: limits how fast the container's link sends and receives.
 */
import type * as Log from "cnidaria:plugin/log@0.1.0";
import type * as Shaping from "cnidaria:plugin/shaping@0.1.0";
import type { AttachmentResult, LinkInfo, Request, ResultInterface } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { CODES, fail, must, type PluginExports } from "../sdk/index.ts";
import { resultBefore } from "../sdk/results.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { readBandwidthConfiguration } from "./configuration.ts";

/** What the plugin calls. */
export interface BandwidthImports {
  readonly log: Pick<typeof Log, "write">;
  readonly shaping: Pick<typeof Shaping, "find" | "set" | "get" | "remove">;
}

const DIRECTIONS = ["ingress", "egress"] as const;
const BITS_PER_BYTE = 8;
/** Of a frame, besides what the MTU counts. Source: ETH_HLEN, linux/if_ether.h. */
const FRAME_HEADER_BYTES = 14;

/** Binds the plugin to its imports. */
export function createBandwidth(imports: BandwidthImports): NonNullable<PluginExports["chained"]> {
  return {
    add: (request) => addRates(imports, request),
    // Whatever the configuration says by now, and whether it would be refused.
    del: () => tolerate("remove the rates", ["unsupported"], () => imports.shaping.remove()),
    check: (request) => checkRates(imports, request),
  };
}

function addRates({ log, shaping }: BandwidthImports, request: Request): AttachmentResult {
  const rates = readBandwidthConfiguration(request);
  const result = resultBefore(request);
  if (rates.ingress === undefined && rates.egress === undefined) return result;
  const link = findLink(shaping, request, result);
  warnOfSmallBursts(log, link, rates);
  const ifb = must(`limit the rates of link ${quote(link.name)}`, () => shaping.set(link.name, rates));
  return ifb === undefined ? result : { ...result, interfaces: [...result.interfaces, interfaceOf(ifb)] };
}

/** The node's end of the container's link, which the result must name. */
function findLink(
  shaping: BandwidthImports["shaping"],
  { ifname }: Request,
  { interfaces }: AttachmentResult,
): LinkInfo {
  const link = must(`find the node's end of link ${quote(ifname)}`, () => shaping.find());
  const isNamed = interfaces.some(({ name, sandbox }) => name === link.name && (sandbox ?? "") === "");
  if (!isNamed)
    fail(
      CODES.invalidNetworkConfig,
      `prevResult names no link ${quote(link.name)} of the node, which is the other end of ${quote(ifname)}`,
    );
  return link;
}

/** Such a limit is kept, since the reference plugin keeps it. */
function warnOfSmallBursts(log: BandwidthImports["log"], { mtuBytes }: LinkInfo, rates: Shaping.Rates): void {
  for (const direction of DIRECTIONS) {
    const burst = rates[direction]?.burstBits;
    if (burst === undefined || Number(burst) / BITS_PER_BYTE >= mtuBytes + FRAME_HEADER_BYTES) continue;
    log.write(
      "warn",
      `${direction}Burst is ${burst} bits: packets of the link's MTU of ${mtuBytes} bytes are dropped; want ${(mtuBytes + FRAME_HEADER_BYTES) * BITS_PER_BYTE} or more`,
    );
  }
}

function interfaceOf({ name, mac }: LinkInfo): ResultInterface {
  return mac === undefined ? { name } : { name, mac };
}

function checkRates({ shaping }: BandwidthImports, request: Request): void {
  const wanted = readBandwidthConfiguration(request);
  const isAnyWanted = DIRECTIONS.some((direction) => wanted[direction] !== undefined);
  if (!isAnyWanted) return;
  findLink(shaping, request, resultBefore(request));
  const found = must("read the rates", () => shaping.get());
  for (const direction of DIRECTIONS) {
    const [want, got] = [wanted[direction], found[direction]];
    if (want !== undefined && !areEqual(want, got))
      fail(CODES.internal, `${direction} is ${describe(got)}, want ${describe(want)}`);
  }
}

function areEqual(one: Shaping.Rate, other: Shaping.Rate | undefined): boolean {
  return one.bitsPerSecond === other?.bitsPerSecond && one.burstBits === other.burstBits;
}

function describe(rate: Shaping.Rate | undefined): string {
  return rate === undefined ? "not limited" : `${rate.bitsPerSecond} bit/s with a burst of ${rate.burstBits} bits`;
}
