/**
 * @module CHECK of the plugin `bridge`: compares the result of ADD with what is there.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import {
  checkAddresses,
  checkContainerLink,
  checkMac,
  checkMasquerade,
  checkNodeLink,
  checkRoutes,
  type Checked,
  mismatch,
} from "../sdk/checks.ts";
import { quote } from "../sdk/configuration.ts";
import { must } from "../sdk/index.ts";
import { formatMac } from "../sdk/mac.ts";
import { prefixesEqual } from "../sdk/ip.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { ownIps } from "../sdk/own-parts.ts";
import { resultOfAdd } from "../sdk/results.ts";
import { gatewayAddressesOf } from "./addressing.ts";
import { type BridgeConfiguration, readBridgeConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** One CHECK: what everything below needs. */
interface Examination extends Checked {
  readonly imports: BridgeImports;
  readonly configuration: BridgeConfiguration;
}

/**
 * Checks the attachment.
 * @throws {PluginFailure} code 999 for whatever is missing or different, naming it; code 7 without a previous result.
 */
export function checkAttachment(imports: BridgeImports, request: Request, container: ContainerNamespace): void {
  const configuration = readBridgeConfiguration(request);
  const result = resultOfAdd(request);
  const examination: Examination = { imports, configuration, request, container, result };
  if (configuration.hasIpam) imports.ipam.check();
  const bridge = checkBridge(examination);
  const link = checkContainerLink(examination);
  checkPort(examination, bridge, link);
  checkAddresses(examination);
  checkRoutes(examination);
  checkGateways(examination);
  if (configuration.ipMasq) checkMasquerade(examination);
}

function checkBridge({ imports, configuration, result }: Examination): LinkInfo {
  const name = configuration.bridge;
  const bridge = must(`read bridge ${quote(name)}`, () => imports.nodeLinks.get(name));
  const wanted = result.interfaces.find((each) => each.name === name && each.sandbox === undefined);
  if (wanted === undefined) mismatch(`the result has no bridge ${quote(name)}`);
  if (bridge.kind !== "bridge") mismatch(`${quote(name)} is no bridge but ${quote(bridge.kind)}`);
  checkMac(bridge, wanted);
  if (configuration.promiscMode && !bridge.promiscuous) mismatch(`bridge ${quote(name)} is not promiscuous`);
  return bridge;
}

/** The other end of the container's link is a port of the bridge. */
function checkPort(examination: Examination, bridge: LinkInfo, container: LinkInfo): void {
  const node = checkNodeLink(examination, container, bridge.name);
  if (node.masterIndex !== bridge.index) mismatch(`link ${quote(node.name)} is not on bridge ${quote(bridge.name)}`);
  if (examination.configuration.macspoofchk) checkGuard(examination, node, container);
}

/** The port lets the container's own hardware address in, and no other. */
function checkGuard({ imports }: Examination, { name }: LinkInfo, { mac: wanted }: LinkInfo): void {
  const found = must(`read the guard of port ${quote(name)}`, () => imports.spoofGuard.get(name));
  if (found === undefined) mismatch(`port ${quote(name)} is not guarded`);
  const [has, wants] = [formatMac(found), wanted === undefined ? "none" : formatMac(wanted)];
  if (has !== wants) mismatch(`port ${quote(name)} lets ${has} in, the container has ${wants}`);
}

function checkGateways({ imports, configuration, request, result }: Examination): void {
  const wanted = configuration.isGateway ? gatewayAddressesOf(ownIps(request, result)) : [];
  if (wanted.length === 0) return;
  const { bridge } = configuration;
  const found = must(`list the addresses of bridge ${quote(bridge)}`, () => imports.nodeAddresses.list(bridge));
  const missing = wanted.find((address) => !found.some((each) => prefixesEqual(each, address)));
  if (missing !== undefined) mismatch(`bridge ${quote(bridge)} does not have address ${formatPrefix(missing)}`);
}
