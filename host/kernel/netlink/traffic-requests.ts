/**
 * @module Requests about traffic control, from typed values.
 */
import { FLAG_ACK, FLAG_CREATE, FLAG_ECHO, FLAG_EXCLUSIVE } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";
import {
  INGRESS,
  INGRESS_HANDLE,
  ROOT,
  RTM_DELQDISC,
  RTM_DELTFILTER,
  RTM_GETQDISC,
  RTM_GETTFILTER,
  RTM_NEWACTION,
  RTM_NEWQDISC,
  RTM_NEWTFILTER,
  TCA_ACT_KIND,
  TCA_ACT_OPTIONS,
  TCA_ACT_TAB,
  TCA_INGRESS_BLOCK,
  TCA_KIND,
  TCA_MIRRED_PARMS,
  TCA_OPTIONS,
  TCA_TBF_BURST,
  TCA_TBF_PARMS,
  TCA_TBF_RATE64,
  TCA_U32_ACT,
  TCA_U32_CLASSID,
  TCA_U32_SEL,
  writeTrafficHeader,
} from "./traffic-messages.ts";
import type { MessageWriter } from "./writer.ts";

const U32_MAX = 0xffff_ffff;
/** Index of `lo`, the one link that every namespace has. Source: LOOPBACK_IFINDEX, net/flow.h. */
const LOOPBACK_INDEX = 1;
/** Every protocol, in network byte order. Source: ETH_P_ALL, linux/if_ether.h. */
const EVERY_PROTOCOL = 0x0300;
/** Preference of the one filter. Source: the reference plugin. */
const PREFERENCE = 1;
/** What a filter of that preference is told by. */
export const FILTER_INFO = (PREFERENCE << 16) | EVERY_PROTOCOL;
/** Class that a filter leads to: there is none, but a filter wants one. Source: the reference plugin. */
const CLASS = 0x0001_0001;
/** Source: TC_U32_TERMINAL, linux/pkt_cls.h. */
const TERMINAL = 1;
/** The packet is somebody else's now. Source: TC_ACT_STOLEN, linux/pkt_cls.h. */
const STOLEN = 4;
/** Send to what a link sends. Source: TCA_EGRESS_REDIR, linux/tc_act/tc_mirred.h. */
const EGRESS_REDIRECT = 1;

/** A token bucket that is to be made. */
export interface Bucket {
  readonly bytesPerSecond: bigint;
  readonly burstBytes: number;
  /** Bytes that may wait. */
  readonly limitBytes: number;
}

/** Parts of the kernel that a request which can make nothing asks for. */
export type ProbedDiscipline = "tbf" | "ingress";

/** Puts a token bucket before what a link sends; EEXIST where somebody else has put something there. */
export function addBucketRequest(index: number, handle: number, bucket: Bucket): NetlinkRequest {
  return {
    type: RTM_NEWQDISC,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWQDISC tbf",
    write: (writer) => {
      writeTrafficHeader(writer, { index, handle, parent: ROOT }).attributeText(TCA_KIND, "tbf");
      writer.nested(TCA_OPTIONS, (options) => writeBucket(options, bucket));
    },
  };
}

/** Layouts: `traffic-messages.ts`. The kernel makes the burst's duration out of its bytes. */
function writeBucket(options: MessageWriter, { bytesPerSecond, burstBytes, limitBytes }: Bucket): void {
  const parameters = Buffer.alloc(36);
  parameters.writeUInt32LE(bytesPerSecond > BigInt(U32_MAX) ? U32_MAX : Number(bytesPerSecond), 8);
  parameters.writeUInt32LE(limitBytes, 24);
  options.attribute(TCA_TBF_PARMS, parameters).attributeU32(TCA_TBF_BURST, burstBytes);
  if (bytesPerSecond <= BigInt(U32_MAX)) return;
  const rate = Buffer.alloc(8);
  rate.writeBigUInt64LE(bytesPerSecond);
  options.attribute(TCA_TBF_RATE64, rate);
}

/** Has what comes in by a link looked at by filters; EEXIST where somebody else has. */
export function addIngressRequest(index: number): NetlinkRequest {
  return {
    type: RTM_NEWQDISC,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWQDISC ingress",
    write: (writer) =>
      void writeTrafficHeader(writer, { index, handle: INGRESS_HANDLE, parent: INGRESS }).attributeText(
        TCA_KIND,
        "ingress",
      ),
  };
}

/**
 * Sends everything that comes in by a link to another one.
 *
 * The selector is `struct tc_u32_sel` with one key that fits every packet:
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | flags |
 * | 1 | 1 | shift of the offset |
 * | 2 | 1 | number of keys |
 * | 3 | 13 | padding, masks and offsets |
 * | 16 | 16 | key: mask, value, offset, mask of the offset |
 * Source: linux/pkt_cls.h, Linux 6.12. The action's parameters: `traffic-messages.ts`.
 */
export function addRedirectRequest(index: number, targetIndex: number): NetlinkRequest {
  const selector = Buffer.alloc(32);
  selector.writeUInt8(TERMINAL, 0);
  selector.writeUInt8(1, 2);
  const parameters = Buffer.alloc(28);
  parameters.writeUInt32LE(STOLEN, 8);
  parameters.writeUInt32LE(EGRESS_REDIRECT, 20);
  parameters.writeUInt32LE(targetIndex, 24);
  return {
    type: RTM_NEWTFILTER,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWTFILTER u32 mirred",
    write: (writer) => {
      writeTrafficHeader(writer, { index, parent: INGRESS_HANDLE, info: FILTER_INFO }).attributeText(TCA_KIND, "u32");
      writer.nested(TCA_OPTIONS, (options) => {
        options.attributeU32(TCA_U32_CLASSID, CLASS).attribute(TCA_U32_SEL, selector);
        options.nested(TCA_U32_ACT, (actions) =>
          actions.nested(1, (action) => {
            action.attributeText(TCA_ACT_KIND, "mirred");
            action.nested(TCA_ACT_OPTIONS, (mirred) => void mirred.attribute(TCA_MIRRED_PARMS, parameters));
          }),
        );
      });
    },
  };
}

/** Asks for what hangs at one place of a link. A dump would be one of every link of the node. */
export function getDisciplineRequest(index: number, parent: number): NetlinkRequest {
  return {
    type: RTM_GETQDISC,
    // Older kernels tell only listeners, and whoever wants an echo.
    flags: FLAG_ACK | FLAG_ECHO,
    call: "RTM_GETQDISC",
    write: (writer) => void writeTrafficHeader(writer, { index, parent }),
  };
}

/** Removes what hangs at one place of a link, if it has that handle: EINVAL otherwise, ENOENT where nothing is. */
export function deleteDisciplineRequest(index: number, parent: number, handle: number): NetlinkRequest {
  return {
    type: RTM_DELQDISC,
    call: "RTM_DELQDISC",
    write: (writer) => void writeTrafficHeader(writer, { index, handle, parent }),
  };
}

/** Asks for the filters of what comes in by a link. */
export function listFiltersRequest(index: number): NetlinkRequest {
  return {
    type: RTM_GETTFILTER,
    call: "RTM_GETTFILTER dump",
    write: (writer) => void writeTrafficHeader(writer, { index, parent: INGRESS_HANDLE }),
  };
}

/** Deletes the filters of what comes in by a link that {@link FILTER_INFO} tells. */
export function deleteFilterRequest(index: number): NetlinkRequest {
  return {
    type: RTM_DELTFILTER,
    call: "RTM_DELTFILTER",
    write: (writer) => void writeTrafficHeader(writer, { index, parent: INGRESS_HANDLE, info: FILTER_INFO }),
  };
}

/**
 * Asks for a discipline that no kernel makes, for its block has the number 0: EINVAL where the kind is known, ENOENT where it is not, EEXIST where
 * another one is there. Source: `qdisc_create` and `qdisc_block_indexes_set`, net/sched/sch_api.c, Linux 6.12.
 */
export function probeDisciplineRequest(kind: ProbedDiscipline): NetlinkRequest {
  const place = kind === "ingress" ? { handle: INGRESS_HANDLE, parent: INGRESS } : { parent: ROOT };
  return {
    type: RTM_NEWQDISC,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: `RTM_NEWQDISC ${kind}`,
    write: (writer) =>
      void writeTrafficHeader(writer, { index: LOOPBACK_INDEX, ...place })
        .attributeText(TCA_KIND, kind)
        .attributeU32(TCA_INGRESS_BLOCK, 0),
  };
}

/**
 * Asks for a redirection that no kernel makes, for it leads nowhere: EINVAL where the action is known, ENOENT where it is not.
 * Source: `tcf_mirred_init`, net/sched/act_mirred.c, Linux 6.12.
 */
export function probeRedirectRequest(): NetlinkRequest {
  return {
    type: RTM_NEWACTION,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWACTION mirred",
    write: (writer) =>
      // `struct tcamsg`: family and padding.
      void writer
        .u32(0)
        .nested(TCA_ACT_TAB, (actions) =>
          actions.nested(1, (action) => void action.attributeText(TCA_ACT_KIND, "mirred")),
        ),
  };
}
