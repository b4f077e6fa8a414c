/**
 * @module The configuration of the plugin `bandwidth`.
 */
import type { Rate, Rates } from "cnidaria:plugin/shaping@0.1.0";
import type { Bandwidth, Request } from "cnidaria:plugin/types@0.1.0";

import { type Bounds, type Fields, invalid, parseConfiguration, quote } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";

/** What a number of JSON can say without loss. */
const BITS: Bounds = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
/** The kernel counts a burst in 32 bits of bytes. Source: `struct tc_tbf_qopt`, linux/pkt_sched.h. */
const BURST_MAX_BYTES = 0xffff_ffff;
const BITS_PER_BYTE = 8;

const KEYS = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"] as const;
/** Of a release of the reference plugin that could leave subnets out. */
const SUBNETS = ["unshapedSubnets", "nonShapedSubnets", "shapedSubnets"] as const;

/**
 * Reads what ADD and CHECK need. The plugin's own rates count as a whole before those of the runtime, as in the reference plugin: one field is enough.
 * @throws {PluginFailure} code 2 for subnets, 6 for a field that is no whole number, 7 for a rate without a burst or the other way round.
 */
export function readBandwidthConfiguration(request: Request): Rates {
  const fields = parseConfiguration(request.configuration);
  const runtime = fields.object("runtimeConfig")?.object("bandwidth");
  for (const source of [fields, runtime]) if (source !== undefined) refuseSubnets(source);
  // Read also where the runtime's count: what is wrong is wrong.
  const own = { ingress: rateOf(fields, "ingress"), egress: rateOf(fields, "egress") };
  if (KEYS.some((key) => fields.has(key))) return own;
  const { bandwidth } = request.runtimeConfig;
  return bandwidth === undefined ? {} : ratesOf(bandwidth);
}

function rateOf(fields: Fields, direction: "ingress" | "egress"): Rate | undefined {
  const [rateKey, burstKey] = [`${direction}Rate`, `${direction}Burst`];
  const [rate, burst] = [fields.integer(rateKey, BITS) ?? 0, fields.integer(burstKey, BITS) ?? 0];
  return pair(direction, rate === 0 ? undefined : String(rate), burst === 0 ? undefined : String(burst));
}

function ratesOf(bandwidth: Bandwidth): Rates {
  const { ingressRateBitsPerSecond, ingressBurstBits, egressRateBitsPerSecond, egressBurstBits } = bandwidth;
  return {
    ingress: pair("ingress", ingressRateBitsPerSecond, ingressBurstBits),
    egress: pair("egress", egressRateBitsPerSecond, egressBurstBits),
  };
}

/** A rate needs a burst, and a burst a rate. */
function pair(direction: string, rate: string | undefined, burst: string | undefined): Rate | undefined {
  if (rate === undefined && burst === undefined) return undefined;
  if (rate === undefined) return invalid(`${direction}Rate`, `a rate, since there is ${direction}Burst`, 0);
  if (burst === undefined) return invalid(`${direction}Burst`, `a burst, since there is ${direction}Rate`, 0);
  if (BigInt(burst) / BigInt(BITS_PER_BYTE) > BigInt(BURST_MAX_BYTES))
    return invalid(
      `${direction}Burst`,
      `at most ${BURST_MAX_BYTES} bytes, ${BURST_MAX_BYTES * BITS_PER_BYTE} bits`,
      burst,
    );
  return { bitsPerSecond: rate, burstBits: burst };
}

function refuseSubnets(fields: Fields): void {
  for (const key of SUBNETS) {
    const value = fields.raw(key);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    fail(
      CODES.unsupportedField,
      `${fields.pathOf(key)}: ${quote(value)} is not supported: everything that the link carries counts; leave it out`,
    );
  }
}
