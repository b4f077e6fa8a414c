/**
 * @module Links, addresses, routes and routing policy rules of one network namespace.
 */

import type { IpAddress, IpFamily, IpPrefix } from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import { LinkDeletion } from "./link-deletion.ts";
import { openNetnsOfSocket, type Netns } from "./netns.ts";
import {
  addAddressRequest,
  deleteAddressRequest,
  listAddressesRequest,
  readLinkAddress,
  type LinkAddress,
} from "./netlink/address-messages.ts";
import { readLink, type Link } from "./netlink/link-messages.ts";
import {
  createBridgeRequest,
  createVethRequest,
  getLinkRequest,
  listLinksRequest,
  probeLinkKindRequest,
  setBridgePortRequest,
  setLinkRequest,
  type BridgeOptions,
  type BridgePortChanges,
  type LinkChanges,
  type LinkReference,
  type ProbedLinkKind,
  type VethOptions,
} from "./netlink/link-requests.ts";
import {
  addRouteRequest,
  deleteRouteRequest,
  listRoutesRequest,
  lookUpRouteRequest,
  readFoundRoute,
  readRoutes,
  type FoundRoute,
  type Route,
  type RouteMode,
} from "./netlink/route-messages.ts";
import { NetlinkSocket, type NetlinkRequest } from "./netlink/socket.ts";
import { PolicyRules } from "./policy-rules.ts";

export type { Link, OperationalState } from "./netlink/link-messages.ts";
export type {
  BridgeOptions,
  BridgePortChanges,
  LinkChanges,
  LinkReference,
  VethOptions,
} from "./netlink/link-requests.ts";
export type { LinkAddress } from "./netlink/address-messages.ts";
export type { Route, RouteMode, RouteScope } from "./netlink/route-messages.ts";
export type { PolicyRule } from "./policy-rules.ts";

/** Longest alias of a link, in bytes. Source: IFALIASZ (256) less its NUL, linux/if.h. */
const ALIAS_MAX_BYTES = 255;

/** Bound of a list. */
export interface ListBound {
  /** Most entries; with more the list fails. */
  readonly max: number;
}

/**
 * The routing sockets of one namespace. It stays bound to the namespace when the {@link Netns} it was opened with is closed.
 * Every method throws a {@link KernelError} with the kernel's error number; only what is special about it is said below.
 */
export class Rtnetlink implements Disposable {
  /** Its routing policy rules, asked over the same socket. */
  readonly rules: PolicyRules;
  readonly #socket: NetlinkSocket;
  #deletion: LinkDeletion | undefined;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    this.rules = new PolicyRules(socket);
  }

  /** Opens the sockets of a namespace. */
  static open(netns: Pick<Netns, "fd">): Rtnetlink {
    return new Rtnetlink(new NetlinkSocket(netns));
  }

  /** Reads a link; `undefined`: there is none. */
  getLink(reference: LinkReference): Link | undefined {
    try {
      return this.#socket.ask(getLinkRequest(reference), readLink);
    } catch (error) {
      if (isKernelError(error, "ENODEV")) return undefined;
      throw error;
    }
  }

  /**
   * Lists links, or the ports of one master.
   * @throws {KernelError} EOVERFLOW with more than `max`.
   */
  listLinks(bound: ListBound & { readonly masterIndex?: number | undefined }): Link[] {
    const { max, masterIndex } = bound;
    const links = this.#socket.dump(listLinksRequest(masterIndex), max, readLink);
    return masterIndex === undefined ? links : links.filter((link) => link.masterIndex === masterIndex);
  }

  /**
   * Makes a bridge, down.
   * @throws {KernelError} EEXIST, EOPNOTSUPP without bridges or VLAN filtering.
   */
  createBridge(options: BridgeOptions): void {
    this.#create(createBridgeRequest(options), options);
  }

  /**
   * Makes a veth pair, both ends down: one here, a port of `masterIndex` where it is given, the other directly in the container.
   * @throws {KernelError} EEXIST when either name is taken; EXFULL when the bridge has 1,024 ports; nothing is left behind.
   */
  createVeth(options: VethOptions): void {
    this.#create(createVethRequest(options), options.node);
  }

  /** Tells whether the kernel can make links of a kind; loads its module where there is one. Makes none. */
  hasLinkKind(kind: ProbedLinkKind): boolean {
    try {
      this.#socket.change(probeLinkKindRequest(kind));
    } catch (error) {
      if (isKernelError(error, "EOPNOTSUPP")) return false;
      if (isKernelError(error, "EINVAL")) return true;
      throw error;
    }
    throw new Error(`unreachable: the kernel made a ${kind} with a hardware address of one byte`);
  }

  /** Changes a link, told by its index or its name, all in one request. */
  setLink(link: number | string, changes: LinkChanges): void {
    const reference = typeof link === "number" ? { index: link } : { name: link };
    this.#socket.change(setLinkRequest(reference, changes));
  }

  /** Changes a link that is there, told by its name, and gives it as it is then: half the exchanges of doing one after the other. */
  setAndGetLink(name: string, changes: LinkChanges): Link {
    return this.#socket.changeAndAsk(setLinkRequest({ name }, changes), getLinkRequest({ name }), readLink);
  }

  /** Changes how a port of a bridge behaves. */
  setBridgePort(index: number, changes: BridgePortChanges): void {
    this.#socket.change(setBridgePortRequest(index, changes));
  }

  /**
   * Deletes links, without blocking the event loop; what several callers want at the same time becomes one request. One that is gone is passed over.
   * @returns microseconds that the kernel took. They are not in {@link kernelTime}: other operations went on meanwhile.
   * @throws {KernelError} EOPNOTSUPP for a link that cannot be deleted; the others are deleted.
   */
  async deleteLinks(indexes: readonly number[]): Promise<number> {
    const deletion = this.#openDeletion();
    const results = await Promise.allSettled(indexes.map((index) => deletion.delete(index)));
    let longest = 0;
    for (const result of results) {
      if (result.status === "rejected") throw result.reason;
      longest = Math.max(longest, result.value);
    }
    return longest;
  }

  /** Adds an address to a link. @throws {KernelError} EEXIST. */
  addAddress(index: number, address: IpPrefix): void {
    this.#socket.change(addAddressRequest(index, address));
  }

  /** Removes an address from a link. @throws {KernelError} EADDRNOTAVAIL when the link has no such address. */
  deleteAddress(index: number, address: IpPrefix): void {
    this.#socket.change(deleteAddressRequest(index, address));
  }

  /**
   * Lists the addresses of a link, IPv4 first.
   * @throws {KernelError} EOVERFLOW with more than `max`; ENODEV without such a link.
   */
  listAddresses(index: number, bound: ListBound & { readonly family?: IpFamily | undefined }): LinkAddress[] {
    const families: readonly IpFamily[] = bound.family === undefined ? ["ipv4", "ipv6"] : [bound.family];
    const addresses: LinkAddress[] = [];
    for (const family of families) {
      addresses.push(
        ...this.#socket.dump(listAddressesRequest(index, family), bound.max - addresses.length, readLinkAddress),
      );
    }
    return addresses.filter((address) => address.linkIndex === index);
  }

  /** Adds a route over a link. @throws {KernelError} EEXIST, ENETUNREACH when the gateway is not on the link. */
  addRoute(index: number, route: Route, mode: RouteMode): void {
    this.#socket.change(addRouteRequest(index, route, mode));
  }

  /** Deletes a route over a link. @throws {KernelError} ESRCH when there is none. */
  deleteRoute(index: number, route: Route): void {
    this.#socket.change(deleteRouteRequest(index, route));
  }

  /**
   * Lists the unicast routes over a link, of every table but the local one.
   * @throws {KernelError} EOVERFLOW with more than `max`.
   */
  listRoutes(index: number, family: IpFamily, bound: ListBound): Route[] {
    const listed = this.#socket.dump(listRoutesRequest(index, family), bound.max, readRoutes).flat();
    const routes = listed.filter((each) => each.linkIndex === index && !each.local).map((each) => each.route);
    if (routes.length > bound.max) throw new KernelError("EOVERFLOW", "RTM_GETROUTE dump", `more than ${bound.max}`);
    return routes;
  }

  /** Requests sent by type, and messages received: for tests of what is asked of the kernel. */
  get counters(): {
    readonly sent: ReadonlyMap<number, number>;
    readonly received: number;
    readonly sentByDeletion: ReadonlyMap<number, number>;
  } {
    return {
      sent: this.#socket.sent,
      received: this.#socket.receivedMessages,
      sentByDeletion: this.#deletion?.sent ?? new Map(),
    };
  }

  /** Closes the sockets, that of deletions after what it still does. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    this.#deletion?.[Symbol.dispose]();
  }

  /** Gives where a packet to an address goes; `undefined`: nowhere. */
  lookUpRoute(address: IpAddress): FoundRoute | undefined {
    try {
      return this.#socket.ask(lookUpRouteRequest(address), readFoundRoute);
    } catch (error) {
      if (isKernelError(error, "ENETUNREACH") || isKernelError(error, "EHOSTUNREACH")) return undefined;
      throw error;
    }
  }

  #create(
    request: NetlinkRequest,
    { name, alias }: { readonly name: string; readonly alias?: string | undefined },
  ): void {
    // Checked first: afterwards there is a link that would be left behind.
    if (alias !== undefined && Buffer.byteLength(alias) > ALIAS_MAX_BYTES)
      throw new KernelError("EINVAL", request.call, "alias too long");
    this.#socket.change(request);
    if (alias !== undefined) this.#socket.change(setLinkRequest({ name }, { alias }));
  }

  #openDeletion(): LinkDeletion {
    if (this.#deletion === undefined) {
      using netns = openNetnsOfSocket(this.#socket.fd);
      this.#deletion = new LinkDeletion(netns);
    }
    return this.#deletion;
  }
}
