/**
 * @module A published port as an element of a map: which map, which key, which value.
 */

import { ipToBytes, formatIpAddress, type IpAddress, type IpFamily } from "../spec/ip.ts";
import { TABLE } from "./frames.ts";
import { CONDITIONS_TABLE } from "./port-conditions.ts";

/** Protocols with ports, with their numbers. Source: IANA, protocol numbers. */
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
/** A protocol with ports. The WIT enum `transport-protocol`. */
export type TransportProtocol = keyof typeof PROTOCOLS;

/** What a packet is for. */
export interface HostPort {
  readonly family: IpFamily;
  readonly protocol: TransportProtocol;
  /** 1 to 65535. */
  readonly port: number;
  /** `undefined`: every address of the node. */
  readonly address: IpAddress | undefined;
}

/** Where it goes. */
export interface PortTarget {
  readonly address: IpAddress;
  /** 1 to 65535. */
  readonly port: number;
}

/** A port that leads to a container. */
export interface Redirection {
  readonly from: HostPort;
  readonly to: PortTarget;
  /** Chain of the conditions that it is redirected on; `undefined`: always. */
  readonly when?: string | undefined;
}

/** One of the maps. */
export type PortsMap = (typeof TABLE | typeof CONDITIONS_TABLE) & { readonly name: string };

/** Says a port as people do: `tcp 192.0.2.1:8080`. */
export function describeHostPort({ family, protocol, port, address }: HostPort): string {
  if (address === undefined) return `${protocol} port ${port} of every ${family === "ipv4" ? "IPv4" : "IPv6"} address`;
  return `${protocol} port ${port} of ${formatIpAddress(address)}`;
}

/** The map that says where a port leads; `when`: as {@link Redirection} has it. */
export function portMap({ family, address }: HostPort, when: string | undefined): PortsMap {
  const version = family === "ipv4" ? "v4" : "v6";
  const table = when === undefined ? TABLE : CONDITIONS_TABLE;
  return { ...table, name: address === undefined ? `ports_any_${version}` : `ports_${version}` };
}

/** The map that says on which conditions a port leads anywhere. */
export function whenMap({ family, address }: HostPort): PortsMap {
  const version = family === "ipv4" ? "v4" : "v6";
  return { ...CONDITIONS_TABLE, name: address === undefined ? `when_any_${version}` : `when_${version}` };
}

/** Each part of a key begins at a multiple of 4 bytes. Source: NFT_REG32_SIZE, linux/netfilter/nf_tables.h. */
export function portKey({ protocol, port, address }: HostPort): Uint8Array {
  const rest = Buffer.alloc(8);
  rest.writeUInt8(PROTOCOLS[protocol], 0);
  rest.writeUInt16BE(port, 4);
  return address === undefined ? rest : Buffer.concat([ipToBytes(address), rest]);
}

/** Each part begins at a multiple of 4 bytes, as those of a key do. */
export function targetValue({ address, port }: PortTarget): Uint8Array {
  const rest = Buffer.alloc(4);
  rest.writeUInt16BE(port, 0);
  return Buffer.concat([ipToBytes(address), rest]);
}
