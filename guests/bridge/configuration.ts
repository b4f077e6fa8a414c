/**
 * @module Configuration of the plugin `bridge`.
 */
import type { Dns, MacAddress, PacketFilter, Request } from "cnidaria:plugin/types@0.1.0";

import { readMtu } from "../sdk/addition.ts";
import { chooseMac, readArguments } from "../sdk/arguments.ts";
import { type Fields, parseConfiguration } from "../sdk/configuration.ts";
import { readDeletion } from "../sdk/deletion.ts";
import { readDns } from "../sdk/dns.ts";
import { CODES, fail } from "../sdk/index.ts";
import { readPacketFilter } from "../sdk/packet-filter.ts";

/** Bridge of a network that names none. */
const DEFAULT_BRIDGE = "cni0";

/** What a network's configuration and its runtime ask of one attachment. */
export interface BridgeConfiguration {
  readonly bridge: string;
  /** The bridge has each gateway's address, and the node forwards. */
  readonly isGateway: boolean;
  /** The container gets a default route over the gateway. */
  readonly isDefaultGateway: boolean;
  /** Another address of the bridge is replaced. */
  readonly forceAddress: boolean;
  readonly ipMasq: boolean;
  /** What masquerades; `undefined`: the node's choice. */
  readonly ipMasqBackend: PacketFilter | undefined;
  /** `undefined`: the kernel's default. */
  readonly mtuBytes: number | undefined;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  readonly detectsDuplicates: boolean;
  readonly disableContainerInterface: boolean;
  readonly portIsolation: boolean;
  /** What the container sends under another hardware address than its own is dropped. */
  readonly macspoofchk: boolean;
  /** Whether addresses come from an IPAM plugin; false: the attachment has none. */
  readonly hasIpam: boolean;
  /** Resolver settings that replace those of the IPAM plugin. */
  readonly dns: Dns | undefined;
  /** Hardware address of the container's end; `undefined`: the kernel's choice. */
  readonly mac: MacAddress | undefined;
}

/**
 * Reads what ADD and CHECK need.
 * @throws {PluginFailure} code 2 for a field that is not supported, 4 for CNI_ARGS, 6 for a field of another type, 7 for fields that
 *   contradict each other.
 */
export function readBridgeConfiguration(request: Request): BridgeConfiguration {
  const fields = parseConfiguration(request.configuration);
  refuseUnsupported(fields);
  const isDefaultGateway = fields.flag("isDefaultGateway");
  const args = readArguments(request.args, ["MAC"]);
  const configuration: BridgeConfiguration = {
    bridge: fields.text("bridge") ?? DEFAULT_BRIDGE,
    isGateway: fields.flag("isGateway") || isDefaultGateway,
    isDefaultGateway,
    forceAddress: fields.flag("forceAddress"),
    ipMasqBackend: readPacketFilter(fields, "ipMasqBackend"),
    mtuBytes: readMtu(fields),
    hairpinMode: fields.flag("hairpinMode"),
    promiscMode: fields.flag("promiscMode"),
    detectsDuplicates: fields.flag("enabledad"),
    disableContainerInterface: fields.flag("disableContainerInterface"),
    portIsolation: fields.flag("portIsolation"),
    macspoofchk: fields.flag("macspoofchk"),
    dns: readDns(fields),
    mac: chooseMac({ args, configuration: fields, runtimeConfigMac: request.runtimeConfig.mac }),
    ...readDeletion(fields),
  };
  refuseContradictions(configuration);
  return configuration;
}

function refuseUnsupported(fields: Fields): void {
  fields.refuse("vlan", "VLANs on the bridge are not implemented");
  fields.refuse("vlanTrunk", "VLANs on the bridge are not implemented");
  fields.refuse("preserveDefaultVlan", "VLANs on the bridge are not implemented");
}

function refuseContradictions(configuration: BridgeConfiguration): void {
  const refuse = (message: string): never => fail(CODES.invalidNetworkConfig, message);
  if (configuration.hairpinMode && configuration.promiscMode) refuse("hairpinMode and promiscMode exclude each other");
  if (configuration.hasIpam && configuration.disableContainerInterface) {
    refuse("ipam and disableContainerInterface exclude each other: an address needs a link that is up");
  }
}
