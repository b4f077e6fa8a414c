/**
 * @module Rates as people give them, and the token buckets that they come to. Pure.
 */
import type { Bucket } from "./netlink/traffic-requests.ts";
import type { HeldBucket } from "./netlink/traffic-messages.ts";

/** A rate and its burst. */
export interface Rate {
  readonly bitsPerSecond: bigint;
  readonly burstBits: bigint;
}

const BITS_PER_BYTE = 8n;
/** How long a packet may wait: what more there is, is dropped. Source: the reference plugin, 25 ms. */
const WAITS_PER_SECOND = 40n;
/** The kernel counts burst and what waits in 32 bits. Source: `struct tc_tbf_qopt`, linux/pkt_sched.h. */
const U32_MAX = 0xffff_ffffn;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;
/** Source: PSCHED_SHIFT, net/pkt_sched.h, Linux 6.12. */
const NANOSECONDS_PER_TICK = 64n;
const TICK_BITS = 32;
/** The kernel divides by multiplying with 32 bits. Source: psched_ratecfg_precompute, net/sched/sch_generic.c. */
const PRECISION = 1n << 28n;

/** Gives the bucket for a rate; `undefined`: less than a byte, or more than the kernel can count. */
export function bucketOf({ bitsPerSecond, burstBits }: Rate): Bucket | undefined {
  const [rate, burst] = [bitsPerSecond / BITS_PER_BYTE, burstBits / BITS_PER_BYTE];
  const limit = rate / WAITS_PER_SECOND + burst;
  if (rate < 1n || burst < 1n || limit > U32_MAX) return undefined;
  return { bytesPerSecond: rate, burstBytes: Number(burst), limitBytes: Number(limit) };
}

/** Tells whether the kernel has a bucket as it was asked for. */
export function isSame(held: HeldBucket, { bytesPerSecond, burstBytes, limitBytes }: Bucket): boolean {
  const wanted = ticksOf(bytesPerSecond, BigInt(burstBytes));
  // The kernel says no more of it than 32 bits.
  const difference = BigInt(held.burstTicks) - BigInt.asUintN(TICK_BITS, wanted);
  const tolerance = 1n + wanted / PRECISION;
  return (
    held.bytesPerSecond === bytesPerSecond &&
    held.limitBytes === limitBytes &&
    difference <= tolerance &&
    difference >= -tolerance
  );
}

/** Gives the rate that a bucket of the kernel's comes to; the burst as exactly as its duration says it. */
export function rateOf({ bytesPerSecond, burstTicks }: HeldBucket): Rate {
  const burst = (BigInt(burstTicks) * NANOSECONDS_PER_TICK * bytesPerSecond) / NANOSECONDS_PER_SECOND;
  return { bitsPerSecond: bytesPerSecond * BITS_PER_BYTE, burstBits: burst * BITS_PER_BYTE };
}

function ticksOf(bytesPerSecond: bigint, burstBytes: bigint): bigint {
  return (burstBytes * NANOSECONDS_PER_SECOND) / bytesPerSecond / NANOSECONDS_PER_TICK;
}
