/**
 * @module CHECK of the plugin `bridge`: compares the result of ADD with what is there.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AttachmentResult, Request, ResultInterface } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { type Attempt, attempt, CODES, fail, must } from "../sdk/index.ts";
import { addressesEqual, prefixesEqual } from "../sdk/ip.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { formatMac, macsEqual } from "../sdk/mac.ts";
import { gatewayAddressesOf } from "./addressing.ts";
import { missingRoute, ownIps, ownRoutes } from "./check-result.ts";
import { type BridgeConfiguration, readBridgeConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** One CHECK: what everything below needs. */
interface Examination {
  readonly imports: BridgeImports;
  readonly configuration: BridgeConfiguration;
  readonly request: Request;
  readonly container: ContainerNamespace;
  readonly result: AttachmentResult;
}

/**
 * Checks the attachment.
 * @throws {PluginFailure} code 999 for whatever is missing or different, naming it; code 7 without a previous result.
 */
export function checkAttachment(imports: BridgeImports, request: Request, container: ContainerNamespace): void {
  const configuration = readBridgeConfiguration(request);
  const result =
    request.previousResult ?? fail(CODES.invalidNetworkConfig, "CHECK needs the result of ADD: prevResult is missing");
  const examination: Examination = { imports, configuration, request, container, result };
  if (configuration.hasIpam) imports.ipam.check();
  const bridge = checkBridge(examination);
  const link = checkContainerLink(examination);
  checkNodeLink(examination, bridge, link);
  checkAddresses(examination);
  checkRoutes(examination);
  checkGateways(examination);
  checkMasquerade(examination);
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

function checkContainerLink({ imports, request, container, result }: Examination): LinkInfo {
  const { ifname, netns } = request;
  const link = must(`read link ${quote(ifname)}`, () => imports.containerLinks.get(container, ifname));
  const wanted = result.interfaces.find((each) => each.name === ifname && each.sandbox !== undefined);
  if (wanted === undefined) mismatch(`the result has no link ${quote(ifname)} of the container`);
  if (wanted.sandbox !== netns)
    mismatch(`link ${quote(ifname)} is in ${quote(wanted.sandbox)} by the result, the container in ${quote(netns)}`);
  if (link.kind !== "veth") mismatch(`link ${quote(ifname)} is no veth but ${quote(link.kind)}`);
  checkMac(link, wanted);
  return link;
}

/** Looks for the other end among the result's links of the node; by index, since names can change. */
function checkNodeLink({ imports, configuration, result }: Examination, bridge: LinkInfo, container: LinkInfo): void {
  const candidates = result.interfaces.filter(
    (each) => each.sandbox === undefined && each.name !== configuration.bridge,
  );
  for (const candidate of candidates) {
    const got: Attempt<LinkInfo, string> = attempt(() => imports.nodeLinks.get(candidate.name));
    if (!got.ok || got.value.index !== container.peerIndex || got.value.peerIndex !== container.index) continue;
    if (got.value.masterIndex !== bridge.index)
      mismatch(`link ${quote(candidate.name)} is not on bridge ${quote(bridge.name)}`);
    checkMac(got.value, candidate);
    return;
  }
  mismatch(`no link of the result is the other end of ${quote(container.name)}`);
}

function checkAddresses({ imports, request, container, result }: Examination): void {
  const wanted = ownIps(request, result);
  if (wanted.length === 0) return;
  const found = must(`list the addresses of ${quote(request.ifname)}`, () =>
    imports.containerAddresses.list(container, request.ifname),
  );
  for (const { address } of wanted) {
    if (found.some((each) => prefixesEqual(each.address, address))) continue;
    mismatch(`link ${quote(request.ifname)} does not have address ${formatPrefix(address)}`);
  }
}

function checkRoutes({ imports, request, container, result }: Examination): void {
  const wanted = ownRoutes(request, result);
  for (const family of ["ipv4", "ipv6"] as const) {
    const routes = wanted.filter(({ destination }) => destination.address.tag === family);
    if (routes.length === 0) continue;
    const found = must(`list the routes over ${quote(request.ifname)}`, () =>
      imports.containerRoutes.list(container, request.ifname, family),
    );
    const missing = missingRoute(routes, found, result.ips);
    if (missing !== undefined)
      mismatch(`link ${quote(request.ifname)} does not have the route to ${formatPrefix(missing.destination)}`);
  }
}

function checkGateways({ imports, configuration, request, result }: Examination): void {
  const wanted = configuration.isGateway ? gatewayAddressesOf(ownIps(request, result)) : [];
  if (wanted.length === 0) return;
  const { bridge } = configuration;
  const found = must(`list the addresses of bridge ${quote(bridge)}`, () => imports.nodeAddresses.list(bridge));
  const missing = wanted.find((address) => !found.some((each) => prefixesEqual(each, address)));
  if (missing !== undefined) mismatch(`bridge ${quote(bridge)} does not have address ${formatPrefix(missing)}`);
}

function checkMasquerade({ imports, configuration, request, result }: Examination): void {
  const wanted = configuration.ipMasq ? ownIps(request, result) : [];
  if (wanted.length === 0) return;
  const found = must("list what is masqueraded", () => imports.masquerade.list());
  const missing = wanted.find(({ address }) => !found.some((each) => addressesEqual(each.address, address.address)));
  if (missing !== undefined) mismatch(`${formatPrefix(missing.address)} is not masqueraded`);
}

function checkMac(link: LinkInfo, wanted: ResultInterface): void {
  if (wanted.mac === undefined || (link.mac !== undefined && macsEqual(link.mac, wanted.mac))) return;
  const found = link.mac === undefined ? "none" : formatMac(link.mac);
  mismatch(`link ${quote(link.name)} has hardware address ${found}, by the result ${formatMac(wanted.mac)}`);
}

function mismatch(message: string): never {
  return fail(CODES.internal, message);
}
