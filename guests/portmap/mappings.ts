/**
 * @module What is published: each port that the runtime asks for, to the container's address of each family that it is asked for in.
 */
import type { PublishedPort } from "cnidaria:plugin/host-ports@0.1.0";
import type { AttachmentResult, IpPrefix, PortMapping, Request, TransportProtocol } from "cnidaria:plugin/types@0.1.0";

import { invalid } from "../sdk/configuration.ts";
import type { IpFamily } from "../sdk/ip.ts";

const PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"];
const FAMILIES: readonly IpFamily[] = ["ipv4", "ipv6"];

/**
 * Plans the ports. A family that the container has no address of is passed over, as in the reference plugin.
 * @throws {PluginFailure} code 7 for an unknown protocol.
 */
export function planPorts(request: Request, result: AttachmentResult): PublishedPort[] {
  const addresses = FAMILIES.flatMap((family) => containerAddress(request, result, family) ?? []);
  return request.runtimeConfig.portMappings.flatMap((mapping) => portsOf(mapping, addresses));
}

function portsOf(mapping: PortMapping, addresses: readonly IpPrefix[]): PublishedPort[] {
  const { hostPort, containerPort, hostIp } = mapping;
  const protocol = protocolOf(mapping);
  return addresses
    .filter(({ address }) => hostIp === undefined || hostIp.tag === address.tag)
    .map((containerAddress) => ({
      protocol,
      hostPort,
      hostAddress: hostIp !== undefined && isUnspecified(hostIp.val) ? undefined : hostIp,
      containerAddress,
      containerPort,
    }));
}

function protocolOf({ protocol }: PortMapping): TransportProtocol {
  if (!PROTOCOLS.includes(protocol)) invalid("portMappings.protocol", '"tcp", "udp" or "sctp"', protocol);
  return protocol as TransportProtocol;
}

/** Tells 0.0.0.0 and ::, which stand for every address of the family. */
function isUnspecified(groups: readonly number[]): boolean {
  return groups.every((group) => group === 0);
}

/** Gives the first address of a family that is, as far as the result says, on the container's own link. */
function containerAddress(
  { ifname }: Request,
  { ips, interfaces }: AttachmentResult,
  family: IpFamily,
): IpPrefix | undefined {
  const found = ips.find(({ address, interfaceIndex }) => {
    if (address.address.tag !== family) return false;
    const link = interfaceIndex === undefined ? undefined : interfaces[interfaceIndex];
    return link === undefined || (link.name === ifname && (link.sandbox ?? "") !== "");
  });
  return found?.address;
}
