/**
 * @module Messages about traffic control: queueing disciplines and filters as bytes. Source of all numbers: linux/rtnetlink.h, linux/pkt_sched.h,
 * linux/pkt_cls.h, linux/tc_act/tc_mirred.h, Linux 6.12.
 */
import { MESSAGE_ERROR, readAttributes, readText, type Attributes, type Message } from "./codec.ts";
import type { MessageWriter } from "./writer.ts";

export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;
export const RTM_NEWACTION = 48;

/** Where a discipline hangs: TC_H_ROOT, and TC_H_INGRESS with the handle that the kernel gives what hangs there. */
export const ROOT = 0xffff_ffff;
export const INGRESS = 0xffff_fff1;
export const INGRESS_HANDLE = 0xffff_0000;

/** Attributes of every message. */
export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
export const TCA_INGRESS_BLOCK = 13;
/** Of `tbf`. */
export const TCA_TBF_PARMS = 1;
export const TCA_TBF_RATE64 = 4;
export const TCA_TBF_BURST = 6;
/** Of `u32`. */
export const TCA_U32_CLASSID = 1;
export const TCA_U32_SEL = 5;
export const TCA_U32_ACT = 7;
/** Of an action, and of `mirred`. */
export const TCA_ACT_TAB = 1;
export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;
export const TCA_MIRRED_PARMS = 2;

/** Bytes of `struct tcmsg`, `struct tc_tbf_qopt` and `struct tc_mirred`. */
const HEADER_BYTES = 20;
const TBF_BYTES = 36;
const MIRRED_BYTES = 28;
const U64_BYTES = 8;

/** What a message about traffic control begins with. */
export interface TrafficHeader {
  /** Index of the link. */
  readonly index: number;
  readonly handle?: number;
  readonly parent?: number;
  /** Of a filter: preference in the upper 16 bits, protocol in network byte order in the lower. */
  readonly info?: number;
}

/** A queueing discipline. */
export interface Discipline {
  readonly kind: string;
  readonly handle: number;
  /** What a `tbf` says; `undefined`: another kind. */
  readonly bucket: HeldBucket | undefined;
}

/** A token bucket as the kernel has it. */
export interface HeldBucket {
  readonly bytesPerSecond: bigint;
  /** Bytes that may wait. */
  readonly limitBytes: number;
  /** How long the burst takes at the rate, in units of 64 ns. Source: PSCHED_SHIFT, net/pkt_sched.h. */
  readonly burstTicks: number;
}

/** A filter of what comes in. */
export interface IngressFilter {
  readonly kind: string;
  readonly info: number;
  /** Index of the link that it sends packets to, 0 when that is gone; `undefined`: it does not, or it is the head of others. */
  readonly redirectsTo: number | undefined;
}

/**
 * Appends what a message begins with.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 3 | padding |
 * | 4 | 4 | index of the link |
 * | 8 | 4 | handle |
 * | 12 | 4 | parent |
 * | 16 | 4 | info |
 * Source: `struct tcmsg`, linux/rtnetlink.h, Linux 6.12.
 */
export function writeTrafficHeader(writer: MessageWriter, header: TrafficHeader): MessageWriter {
  const { index, handle = 0, parent = 0, info = 0 } = header;
  return writer.u8(0).u8(0).u16(0).u32(index).u32(handle).u32(parent).u32(info);
}

/**
 * Reads a discipline; `"none"`: the kernel has acknowledged the question and has nothing to say; `undefined`: the message is
 * none.
 */
export function readDiscipline(message: Message): Discipline | "none" | undefined {
  if (message.type === MESSAGE_ERROR) return "none";
  const attributes = attributesOf(message, RTM_NEWQDISC);
  const kind = readText(attributes?.get(TCA_KIND));
  if (attributes === undefined || kind === undefined) return undefined;
  const options = kind === "tbf" ? attributes.get(TCA_OPTIONS) : undefined;
  const bucket = options === undefined ? undefined : readBucket(readAttributes(options));
  return { kind, handle: message.payload.readUInt32LE(8), bucket };
}

/**
 * Reads a token bucket.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | of the rate: cell log, link layer, overhead, cell align, smallest packet |
 * | 8 | 4 | rate in bytes per second, as far as it goes |
 * | 12 | 12 | the same for the peak rate |
 * | 24 | 4 | limit |
 * | 28 | 4 | burst |
 * | 32 | 4 | burst of the peak rate |
 * Source: `struct tc_tbf_qopt`, `struct tc_ratespec`, linux/pkt_sched.h, Linux 6.12.
 */
function readBucket(options: Attributes | undefined): HeldBucket | undefined {
  const parameters = options?.get(TCA_TBF_PARMS);
  if (parameters === undefined || parameters.length < TBF_BYTES) return undefined;
  const rate64 = options?.get(TCA_TBF_RATE64);
  const rate = parameters.readUInt32LE(8);
  return {
    bytesPerSecond: rate64?.length === U64_BYTES ? rate64.readBigUInt64LE(0) : BigInt(rate),
    limitBytes: parameters.readUInt32LE(24),
    burstTicks: parameters.readUInt32LE(28),
  };
}

/** Reads a filter; `undefined`: the message is none. */
export function readFilter(message: Message): IngressFilter | undefined {
  const attributes = attributesOf(message, RTM_NEWTFILTER);
  const kind = readText(attributes?.get(TCA_KIND));
  if (attributes === undefined || kind === undefined) return undefined;
  const options = kind === "u32" ? attributes.get(TCA_OPTIONS) : undefined;
  const actions = options === undefined ? undefined : nested(readAttributes(options), TCA_U32_ACT);
  const targets = [...(actions?.values() ?? [])].map(readRedirection);
  return {
    kind,
    info: message.payload.readUInt32LE(16),
    redirectsTo: targets.find((target) => target !== undefined),
  };
}

/**
 * Reads where an action sends packets; `undefined`: it does not.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 20 | index, capabilities, what happens next, counts of users |
 * | 20 | 4 | whether it redirects or copies, to what side |
 * | 24 | 4 | index of the link |
 * Source: `struct tc_mirred`, linux/tc_act/tc_mirred.h, Linux 6.12.
 */
function readRedirection(action: Buffer): number | undefined {
  const attributes = readAttributes(action);
  if (readText(attributes?.get(TCA_ACT_KIND)) !== "mirred") return undefined;
  const parameters = nested(attributes, TCA_ACT_OPTIONS)?.get(TCA_MIRRED_PARMS);
  return parameters !== undefined && parameters.length >= MIRRED_BYTES ? parameters.readUInt32LE(24) : undefined;
}

function nested(attributes: Attributes | undefined, type: number): Attributes | undefined {
  const bytes = attributes?.get(type);
  return bytes === undefined ? undefined : readAttributes(bytes);
}

function attributesOf({ type, payload }: Message, wanted: number): Attributes | undefined {
  return type === wanted && payload.length >= HEADER_BYTES ? readAttributes(payload, HEADER_BYTES) : undefined;
}
