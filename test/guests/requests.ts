/**
 * @module Requests and namespaces for tests of guests.
 */
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { IpAddress, IpPrefix, Request } from "cnidaria:plugin/types@0.1.0";

import { readAddress, readPrefix } from "../../guests/sdk/ip-text.ts";

/** Stands for the container's namespace. */
export const CONTAINER = { [Symbol.dispose]() {} } as unknown as ContainerNamespace;

/** Path of the container's namespace in every request. */
export const NETNS = "/var/run/netns/one";

/** Makes a request out of a configuration, and whatever else the case is about. */
export function requestOf(configuration: object, rest: Partial<Request> = {}): Request {
  return {
    cniVersion: "1.1.0",
    networkName: "net",
    containerId: "one",
    ifname: "eth0",
    netns: NETNS,
    args: [],
    runtimeConfig: { portMappings: [], ipRanges: [], ips: [], aliases: [] },
    configuration: JSON.stringify({ cniVersion: "1.1.0", name: "net", ...configuration }),
    ...rest,
  };
}

/** Makes the capability arguments of a request. */
export function runtimeConfigOf(given: Partial<Request["runtimeConfig"]>): Request["runtimeConfig"] {
  return { portMappings: [], ipRanges: [], ips: [], aliases: [], ...given };
}

/** Reads an address that the test knows to be one. */
export function ip(text: string): IpAddress {
  const address = readAddress(text);
  if (address === undefined) throw new Error(`the test writes no address: ${text}`);
  return address;
}

/** Reads a prefix that the test knows to be one. */
export function cidr(text: string): IpPrefix {
  const prefix = readPrefix(text);
  if (prefix === undefined) throw new Error(`the test writes no prefix: ${text}`);
  return prefix;
}
