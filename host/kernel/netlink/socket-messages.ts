/**
 * @module Messages about sockets. Source of all numbers: linux/sock_diag.h, linux/inet_diag.h, Linux 6.12; for states net/tcp_states.h.
 */

import { ipFromBytes, type IpAddress, type IpFamily } from "../../spec/ip.ts";
import { readAttributes, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";

/** The family of netlink. Source: NETLINK_SOCK_DIAG, linux/netlink.h. */
export const NETLINK_SOCK_DIAG = 4;

const SOCK_DIAG_BY_FAMILY = 20;
/** Source: AF_INET, AF_INET6, bits/socket.h. */
const FAMILY_NUMBERS = { ipv4: 2, ipv6: 10 } as const;
/** Source: IANA, protocol numbers. */
const PROTOCOL_NUMBERS = { tcp: 6, udp: 17 } as const;
/** State of a socket that waits for whomever: TCP_LISTEN, and TCP_CLOSE, which an unconnected UDP socket is in. */
const WAITING = { tcp: 1 << 10, udp: 1 << 7 } as const;
/** Bytes of `struct inet_diag_sockid` after its first port. */
const SOCKET_ID_REST_BYTES = 46;
/** Bytes of `struct inet_diag_msg`. */
const MESSAGE_BYTES = 72;
const SOURCE_PORT = 4;
const SOURCE_ADDRESS = 8;
/** Source: INET_DIAG_SKV6ONLY. */
const IPV6_ONLY = 11;

/** Which sockets are asked for. */
export interface SocketQuestion {
  readonly family: IpFamily;
  readonly protocol: keyof typeof PROTOCOL_NUMBERS;
  /** 1 to 65535. */
  readonly port: number;
}

/** A socket that waits for whomever. */
export interface WaitingSocket {
  readonly port: number;
  /** All zero: every address. */
  readonly address: IpAddress;
  /** It takes IPv6 alone. */
  readonly isIpv6Only: boolean;
}

/**
 * Asks for the sockets that wait on one port; the kernel walks them, and gives those that match alone.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | protocol |
 * | 2 | 1 | extensions, 0 |
 * | 3 | 1 | padding |
 * | 4 | 4 | states, a bit each |
 * | 8 | 2 | source port, most significant octet first |
 * | 10 | 46 | destination port, addresses, interface, cookie: 0 |
 * Source: `struct inet_diag_req_v2`, linux/inet_diag.h.
 */
export function listWaitingRequest({ family, protocol, port }: SocketQuestion): NetlinkRequest {
  return {
    type: SOCK_DIAG_BY_FAMILY,
    call: "SOCK_DIAG_BY_FAMILY dump",
    write: (writer) => {
      writer.u8(FAMILY_NUMBERS[family]).u8(PROTOCOL_NUMBERS[protocol]).u8(0).u8(0).u32(WAITING[protocol]);
      writer.u8(port >> 8).u8(port & 255);
      for (let offset = 0; offset < SOCKET_ID_REST_BYTES; offset += 2) writer.u16(0);
    },
  };
}

/**
 * Reads a socket; `undefined`: the message is none.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 3 | state, timer, retransmissions |
 * | 4 | 2 | source port, most significant octet first |
 * | 6 | 2 | destination port |
 * | 8 | 16 | source address, an IPv4 one in the first 4 |
 * | 24 | 48 | destination address, interface, cookie, times, queues, uid, inode |
 * | 72 | … | attributes |
 * Source: `struct inet_diag_msg`, linux/inet_diag.h.
 */
export function readWaiting({ type, payload }: Message): WaitingSocket | undefined {
  if (type !== SOCK_DIAG_BY_FAMILY || payload.length < MESSAGE_BYTES) return undefined;
  const isIpv6 = payload.readUInt8(0) === FAMILY_NUMBERS.ipv6;
  const address = ipFromBytes(payload.subarray(SOURCE_ADDRESS, SOURCE_ADDRESS + (isIpv6 ? 16 : 4)));
  const isIpv6Only = readAttributes(payload, MESSAGE_BYTES)?.get(IPV6_ONLY)?.[0] === 1;
  return { port: payload.readUInt16BE(SOURCE_PORT), address, isIpv6Only };
}
