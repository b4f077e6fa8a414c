/**
 * @module Comparing the result of ADD with what is there: what CHECK of every plugin that makes a veth pair does.
 */
import type * as ContainerAddresses from "cnidaria:plugin/container-addresses@0.1.0";
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type * as ContainerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import type * as Masquerade from "cnidaria:plugin/masquerade@0.1.0";
import type * as NodeLinks from "cnidaria:plugin/node-links@0.1.0";
import type { AttachmentResult, Request, ResultInterface } from "cnidaria:plugin/types@0.1.0";

import { quote } from "./configuration.ts";
import { type Attempt, attempt, CODES, fail, must } from "./errors.ts";
import { addressesEqual, prefixesEqual } from "./ip.ts";
import { formatPrefix } from "./ip-text.ts";
import { formatMac, macsEqual } from "./mac.ts";
import { missingRoute, ownIps, ownRoutes } from "./own-parts.ts";

/** What the comparisons read. */
export interface CheckImports {
  readonly containerLinks: Pick<typeof ContainerLinks, "get">;
  readonly containerAddresses: Pick<typeof ContainerAddresses, "list">;
  readonly containerRoutes: Pick<typeof ContainerRoutes, "list">;
  readonly masquerade: Pick<typeof Masquerade, "list">;
  readonly nodeLinks: Pick<typeof NodeLinks, "get">;
}

/** One CHECK: what every comparison needs. */
export interface Checked {
  readonly imports: CheckImports;
  readonly request: Request;
  readonly container: ContainerNamespace;
  /** The result of ADD. */
  readonly result: AttachmentResult;
}

/**
 * Compares the container's link.
 * @throws {PluginFailure} code 999 for what is missing or different.
 */
export function checkContainerLink({ imports, request, container, result }: Checked): LinkInfo {
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

/**
 * Looks for the other end of the container's link among the result's links of the node but the bridge; by index, since names can change.
 * @throws {PluginFailure} code 999 when it is not there, or has another hardware address.
 */
export function checkNodeLink({ imports, result }: Checked, container: LinkInfo, bridge?: string): LinkInfo {
  const candidates = result.interfaces.filter(({ name, sandbox }) => sandbox === undefined && name !== bridge);
  for (const candidate of candidates) {
    const got: Attempt<LinkInfo, string> = attempt(() => imports.nodeLinks.get(candidate.name));
    if (!got.ok || got.value.index !== container.peerIndex || got.value.peerIndex !== container.index) continue;
    checkMac(got.value, candidate);
    return got.value;
  }
  return mismatch(`no link of the result is the other end of ${quote(container.name)}`);
}

/**
 * Compares the addresses of the container's link.
 * @throws {PluginFailure} code 999 for the first that is missing.
 */
export function checkAddresses({ imports, request, container, result }: Checked): void {
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

/**
 * Compares the routes over the container's link.
 * @throws {PluginFailure} code 999 for the first that is missing.
 */
export function checkRoutes({ imports, request, container, result }: Checked): void {
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

/**
 * Compares what is masqueraded with the attachment's addresses.
 * @throws {PluginFailure} code 999 for the first that is not.
 */
export function checkMasquerade({ imports, request, result }: Checked): void {
  const wanted = ownIps(request, result);
  if (wanted.length === 0) return;
  const found = must("list what is masqueraded", () => imports.masquerade.list());
  const missing = wanted.find(({ address }) => !found.some((each) => addressesEqual(each.address, address.address)));
  if (missing !== undefined) mismatch(`${formatPrefix(missing.address)} is not masqueraded`);
}

/**
 * Compares the hardware address of a link with the result's, where that has one.
 * @throws {PluginFailure} code 999 when it is another.
 */
export function checkMac(link: LinkInfo, wanted: ResultInterface): void {
  if (wanted.mac === undefined || (link.mac !== undefined && macsEqual(link.mac, wanted.mac))) return;
  const found = link.mac === undefined ? "none" : formatMac(link.mac);
  mismatch(`link ${quote(link.name)} has hardware address ${found}, by the result ${formatMac(wanted.mac)}`);
}

/**
 * Ends CHECK: something is missing or different.
 * @throws {PluginFailure} code 999, always.
 */
export function mismatch(message: string): never {
  return fail(CODES.internal, message);
}
