/**
 * @module Names of chains, and addresses as iptables writes them. Pure.
 */
import { hash } from "node:crypto";

import { addressBits, formatIpAddress, type IpAddress } from "../../spec/ip.ts";

/** Hexadecimal digits of a name: with what is before them it fits 28 characters. */
const DIGITS = 14;

/** Names an attachment's chain: by what it is for (a letter), the owner's tag, and what tells it from the owner's others. */
export function chainName(purpose: string, tag: string, detail: string): string {
  return `CNIDARIA-${purpose}-${hash("sha256", `${tag}\0${detail}`, "hex").slice(0, DIGITS)}`;
}

/** Writes one address as a prefix. */
export function hostPrefix(address: IpAddress): string {
  return `${formatIpAddress(address)}/${addressBits(address.tag)}`;
}
