/**
 * @module WIT result records as they come out of a sandbox: any JSON may be there, so every field is looked at.
 */

import { isIpAddress, isIpPrefix } from "./ip.ts";
import { isMac } from "./mac.ts";
import type { AddressResult, AttachmentResult, Dns, ResultInterface, ResultIp, ResultRoute } from "./result.ts";

/** A record that may have any field. */
type Fields = Readonly<Record<string, unknown>>;
/** Says that a value is not what its record wants. Never leaves this file. */
const NONSENSE = Symbol("nonsense");

/** Reads an `attachment-result`; `undefined`: it is none. Does not trust: fields that the record does not have are dropped. */
export function readAttachmentResult(value: unknown): AttachmentResult | undefined {
  return orUndefined(() => {
    const fields = fieldsOf(value);
    return { interfaces: listOf(fields["interfaces"], linkOf), ...addressesOf(fields) };
  });
}

/** Reads an `address-result`; `undefined`: it is none. Does not trust, as {@link readAttachmentResult}. */
export function readAddressResult(value: unknown): AddressResult | undefined {
  return orUndefined(() => addressesOf(fieldsOf(value)));
}

/** Names the first address whose `interfaceIndex` is beyond the interfaces; `undefined`: all are within. */
export function danglingInterfaceIndex(result: AttachmentResult): number | undefined {
  return result.ips
    .map((ip) => ip.interfaceIndex)
    .find((index) => index !== undefined && index >= result.interfaces.length);
}

function addressesOf(fields: Fields): AddressResult {
  return {
    ips: listOf(fields["ips"], ipOf),
    routes: listOf(fields["routes"], routeOf),
    dns: optional(fields["dns"], dnsOf),
    extensions: optional(fields["extensions"], textOf),
  };
}

function linkOf(value: unknown): ResultInterface {
  const fields = fieldsOf(value);
  return {
    name: textOf(fields["name"]),
    mac: optional(fields["mac"], (mac) => checked(mac, isMac)),
    mtuBytes: optional(fields["mtuBytes"], u32Of),
    sandbox: optional(fields["sandbox"], textOf),
    socketPath: optional(fields["socketPath"], textOf),
    pciId: optional(fields["pciId"], textOf),
    extensions: optional(fields["extensions"], textOf),
  };
}

function ipOf(value: unknown): ResultIp {
  const fields = fieldsOf(value);
  return {
    address: checked(fields["address"], isIpPrefix),
    gateway: optional(fields["gateway"], (gateway) => checked(gateway, isIpAddress)),
    interfaceIndex: optional(fields["interfaceIndex"], u32Of),
    extensions: optional(fields["extensions"], textOf),
  };
}

function routeOf(value: unknown): ResultRoute {
  const fields = fieldsOf(value);
  return {
    destination: checked(fields["destination"], isIpPrefix),
    gateway: optional(fields["gateway"], (gateway) => checked(gateway, isIpAddress)),
    mtuBytes: optional(fields["mtuBytes"], u32Of),
    advmssBytes: optional(fields["advmssBytes"], u32Of),
    priority: optional(fields["priority"], u32Of),
    table: optional(fields["table"], u32Of),
    scope: optional(fields["scope"], u32Of),
    extensions: optional(fields["extensions"], textOf),
  };
}

function dnsOf(value: unknown): Dns {
  const fields = fieldsOf(value);
  return {
    nameservers: listOf(fields["nameservers"], textOf),
    domain: optional(fields["domain"], textOf),
    search: listOf(fields["search"], textOf),
    options: listOf(fields["options"], textOf),
  };
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && error.cause === NONSENSE) return undefined;
    throw error;
  }
}

function nonsense(): Error {
  return new Error("not the record that was wanted", { cause: NONSENSE });
}

function fieldsOf(value: unknown): Fields {
  return checked(value, (each): each is Fields => typeof each === "object" && each !== null && !Array.isArray(each));
}

function listOf<T>(value: unknown, item: (value: unknown) => T): readonly T[] {
  return checked(value, (each): each is readonly unknown[] => Array.isArray(each)).map(item);
}

/** Reads an option: absent and null are the same once a frame has been JSON. */
function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function textOf(value: unknown): string {
  return checked(value, (each): each is string => typeof each === "string");
}

function u32Of(value: unknown): number {
  return checked(
    value,
    (each): each is number => typeof each === "number" && Number.isInteger(each) && each >= 0 && each <= 0xffff_ffff,
  );
}

function checked<T>(value: unknown, holds: (value: unknown) => value is T): T {
  if (holds(value)) return value;
  throw nonsense();
}
