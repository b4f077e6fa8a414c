/**
 * @module Messages about flows that the kernel tracks. Source of all numbers: linux/netfilter/nfnetlink_conntrack.h, linux/netfilter/nfnetlink.h,
 * Linux 6.12; for the filter's flags net/netfilter/nf_internals.h.
 */

import { ipFromBytes, type IpAddress, type IpFamily } from "../../spec/ip.ts";
import { readAttributes, type Attributes, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";

const SUBSYSTEM = 1 << 8;
const MESSAGE_NEW = SUBSYSTEM | 0;
const MESSAGE_GET = SUBSYSTEM | 1;
const MESSAGE_DELETE = SUBSYSTEM | 2;
/** Bytes of `struct nfgenmsg`: family, version, two of resource. */
const HEADER_BYTES = 4;
/** Source: AF_INET, AF_INET6, bits/socket.h. */
const FAMILY_NUMBERS = { ipv4: 2, ipv6: 10 } as const;

const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const ZONE = 18;
const FILTER = 25;
const TUPLE_ADDRESSES = 1;
const TUPLE_PROTOCOL = 2;
const ADDRESS_SOURCE = { ipv4: 1, ipv6: 3 } as const;
const ADDRESS_DESTINATION = { ipv4: 2, ipv6: 4 } as const;
const PROTOCOL_NUMBER = 1;
const PROTOCOL_DESTINATION_PORT = 3;
const FILTER_ORIGINAL_FLAGS = 1;
/** Number and destination port of the protocol count. Source: CTA_FILTER_F_CTA_PROTO_NUM, CTA_FILTER_F_CTA_PROTO_DST_PORT. */
const FILTER_PROTOCOL = 1 << 3;
const FILTER_PORT = 1 << 5;

/** Which flows are asked for, by what they were first sent to. */
export interface FlowQuestion {
  readonly family: IpFamily;
  /** Source: IANA, protocol numbers. */
  readonly protocolNumber: number;
  /** `undefined`: to any. */
  readonly port: number | undefined;
}

/** A flow. */
export interface Flow {
  /** Whom its first packet was sent to. */
  readonly destination: IpAddress;
  /** Who answers: somebody else where the destination is translated. */
  readonly answerer: IpAddress;
  readonly protocolNumber: number | undefined;
  readonly port: number | undefined;
  /** Attributes that name it, as they came. */
  readonly original: Uint8Array;
  readonly zone: Uint8Array | undefined;
}

/** Asks for flows; the kernel walks its table, and gives those that match alone. */
export function listFlowsRequest({ family, protocolNumber, port }: FlowQuestion): NetlinkRequest {
  return {
    type: MESSAGE_GET,
    call: "IPCTNL_MSG_CT_GET dump",
    write: (writer) => {
      writer.u8(FAMILY_NUMBERS[family]).u8(0).u16(0);
      writer.nested(TUPLE_ORIGINAL, (tuple) =>
        tuple.nested(TUPLE_PROTOCOL, (protocol) => {
          protocol.attributeU8(PROTOCOL_NUMBER, protocolNumber);
          if (port !== undefined) protocol.attribute(PROTOCOL_DESTINATION_PORT, Uint8Array.of(port >> 8, port & 255));
        }),
      );
      const flags = FILTER_PROTOCOL | (port === undefined ? 0 : FILTER_PORT);
      writer.nested(FILTER, (filter) => filter.attributeU32(FILTER_ORIGINAL_FLAGS, flags));
    },
  };
}

/** Has the kernel forget one flow. It answers ENOENT for one that is over. */
export function deleteFlowRequest({ destination, original, zone }: Flow): NetlinkRequest {
  return {
    type: MESSAGE_DELETE,
    call: "IPCTNL_MSG_CT_DELETE",
    write: (writer) => {
      writer.u8(FAMILY_NUMBERS[destination.tag]).u8(0).u16(0);
      writer.nestedBytes(TUPLE_ORIGINAL, original);
      if (zone !== undefined) writer.attribute(ZONE, zone);
    },
  };
}

/** Reads a flow; `undefined`: the message is none. */
export function readFlow({ type, payload }: Message): Flow | undefined {
  if (type !== MESSAGE_NEW || payload.length < HEADER_BYTES) return undefined;
  const attributes = readAttributes(payload, HEADER_BYTES);
  const original = attributes?.get(TUPLE_ORIGINAL);
  const destination = addressIn(inside(original), ADDRESS_DESTINATION);
  const answerer = addressIn(inside(attributes?.get(TUPLE_REPLY)), ADDRESS_SOURCE);
  if (original === undefined || destination === undefined || answerer === undefined) return undefined;
  const protocol = inside(inside(original)?.get(TUPLE_PROTOCOL));
  const port = protocol?.get(PROTOCOL_DESTINATION_PORT);
  const zone = attributes?.get(ZONE);
  return {
    destination,
    answerer,
    protocolNumber: protocol?.get(PROTOCOL_NUMBER)?.[0],
    port: port?.length === 2 ? port.readUInt16BE(0) : undefined,
    // Copied: the buffer is used again.
    original: Uint8Array.from(original),
    zone: zone === undefined ? undefined : Uint8Array.from(zone),
  };
}

function addressIn(tuple: Attributes | undefined, types: Readonly<Record<IpFamily, number>>): IpAddress | undefined {
  const addresses = inside(tuple?.get(TUPLE_ADDRESSES));
  const bytes = addresses?.get(types.ipv4) ?? addresses?.get(types.ipv6);
  return bytes?.length === 4 || bytes?.length === 16 ? ipFromBytes(bytes) : undefined;
}

function inside(attribute: Buffer | undefined): Attributes | undefined {
  return attribute === undefined ? undefined : readAttributes(attribute);
}
