/**
 * @module CHECK of the plugin `ptp`: compares the result of ADD with what is there, in the container and on the node.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request, ResultIp } from "cnidaria:plugin/types@0.1.0";

import {
  checkAddresses,
  checkContainerLink,
  checkMasquerade,
  checkNodeLink,
  checkRoutes,
  type Checked,
  mismatch,
} from "../sdk/checks.ts";
import { quote } from "../sdk/configuration.ts";
import { must } from "../sdk/index.ts";
import { addressBits, addressesEqual, prefixesEqual } from "../sdk/ip.ts";
import { formatAddress, formatPrefix } from "../sdk/ip-text.ts";
import { ownIps } from "../sdk/own-parts.ts";
import { resultOfAdd } from "../sdk/results.ts";
import { gatewaysOf, routesFor } from "./addressing.ts";
import { readPtpConfiguration } from "./configuration.ts";
import type { PtpImports } from "./imports.ts";

/** One CHECK: what everything below needs. */
interface Examination extends Checked {
  readonly imports: PtpImports;
}

/**
 * Checks the attachment.
 * @throws {PluginFailure} code 999 for whatever is missing or different, naming it; code 7 without a previous result.
 */
export function checkAttachment(imports: PtpImports, request: Request, container: ContainerNamespace): void {
  const { ipMasq } = readPtpConfiguration(request);
  const result = resultOfAdd(request);
  const examination: Examination = { imports, request, container, result };
  imports.ipam.check();
  const link = checkContainerLink(examination);
  const node = checkNodeLink(examination, link);
  const ips = ownIps(request, result);
  checkAddresses(examination);
  checkRoutes(examination);
  checkOwnRoutes(examination, ips);
  checkNode(examination, ips, node);
  if (ipMasq) checkMasquerade(examination);
}

/** The container reaches its gateway over the link, and its subnet by way of that. Plugins further down may have moved the routes. */
function checkOwnRoutes({ imports, request, container }: Examination, ips: readonly ResultIp[]): void {
  const { ifname } = request;
  for (const ip of ips) {
    const { tag } = ip.address.address;
    const found = must(`list the routes over ${quote(ifname)}`, () =>
      imports.containerRoutes.list(container, ifname, tag),
    );
    const missing = routesFor(ip).find(
      ({ destination }) => !found.some((each) => prefixesEqual(each.destination, destination)),
    );
    if (missing !== undefined)
      mismatch(`link ${quote(ifname)} does not have the route to ${formatPrefix(missing.destination)}`);
  }
}

function checkNode({ imports }: Examination, ips: readonly ResultIp[], { name }: LinkInfo): void {
  const addresses = must(`list the addresses of ${quote(name)}`, () => imports.nodeAddresses.list(name));
  const gateway = gatewaysOf(ips).find((each) => !addresses.some((address) => prefixesEqual(address, each)));
  if (gateway !== undefined) mismatch(`link ${quote(name)} does not have address ${formatPrefix(gateway)}`);
  const destinations = must(`list the routes over ${quote(name)}`, () => imports.nodeRoutes.list(name));
  for (const { address } of ips) {
    const isRouted = destinations.some(
      (each) => each.prefixLength === addressBits(each.address.tag) && addressesEqual(each.address, address.address),
    );
    if (!isRouted) mismatch(`the node does not route ${formatAddress(address.address)} over ${quote(name)}`);
  }
}
