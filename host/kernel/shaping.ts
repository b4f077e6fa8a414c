/**
 * @module Rates of links: a token bucket before what a link sends, and everything that comes in by one sent through another link's bucket.
 */
import { isKernelError } from "./error.ts";
import { createIfbRequest, type IfbOptions } from "./netlink/ifb-requests.ts";
import { getNamespaceIdRequest, readNamespaceId } from "./netlink/namespace-messages.ts";
import { NetlinkSocket, type NetlinkRequest } from "./netlink/socket.ts";
import {
  INGRESS,
  INGRESS_HANDLE,
  readDiscipline,
  readFilter,
  ROOT,
  type Discipline,
  type IngressFilter,
} from "./netlink/traffic-messages.ts";
import {
  addBucketRequest,
  addIngressRequest,
  addRedirectRequest,
  deleteDisciplineRequest,
  deleteFilterRequest,
  FILTER_INFO,
  getDisciplineRequest,
  listFiltersRequest,
  probeDisciplineRequest,
  probeRedirectRequest,
  type Bucket,
} from "./netlink/traffic-requests.ts";
import type { Netns } from "./netns.ts";

export type { HeldBucket } from "./netlink/traffic-messages.ts";
export type { Bucket } from "./netlink/traffic-requests.ts";

/** More filters than anybody puts on one link. */
const FILTERS_MAX = 1024;
/** What the kernel says when something is gone, was never there, or is somebody else's. */
const NOT_OURS: readonly string[] = ["ENOENT", "ENODEV", "EINVAL"];

/** Traffic control of one namespace. Every method throws a KernelError with the kernel's error number. */
export class Shaper implements Disposable {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens the socket of a namespace. */
  static open(netns: Pick<Netns, "fd">): Shaper {
    return new Shaper(new NetlinkSocket(netns));
  }

  /** Makes a link of kind `ifb`, down. @throws {KernelError} EEXIST; EOPNOTSUPP where the kernel knows none. */
  createIfb(options: IfbOptions): void {
    this.#socket.change(createIfbRequest(options));
  }

  /** Puts a bucket before what a link sends. @throws {KernelError} EEXIST where something is there; ENOENT without `tbf`. */
  addBucket(index: number, handle: number, bucket: Bucket): void {
    this.#socket.change(addBucketRequest(index, handle, bucket));
  }

  /** Gives what hangs before what a link sends; handle 0: the kernel put it there itself; `undefined`: no link, or nothing to say. */
  getRoot(index: number): Discipline | undefined {
    return this.#getDiscipline(index, ROOT);
  }

  /** Removes a bucket that has a handle, and nothing else. */
  removeBucket(index: number, handle: number): void {
    this.#removeOurs(deleteDisciplineRequest(index, ROOT, handle));
  }

  /** Tells whether somebody looks at what comes in by a link already. */
  hasIngress(index: number): boolean {
    return this.#getDiscipline(index, INGRESS) !== undefined;
  }

  /** Sends everything that comes in by a link to another one. @throws {KernelError} EEXIST; ENOENT where the kernel lacks a part. */
  redirect(index: number, targetIndex: number): void {
    this.#socket.change(addIngressRequest(index));
    this.#socket.change(addRedirectRequest(index, targetIndex));
  }

  /** Tells whether what comes in by a link is sent to another one. */
  redirectsTo(index: number, targetIndex: number): boolean {
    return this.#filtersOf(index).some((filter) => filter.redirectsTo === targetIndex);
  }

  /** Gives the link that what comes in by a link is sent to by this program, 0 where that is gone; `undefined`: to none. */
  redirectionOf(index: number): number | undefined {
    const filters = this.#filtersOf(index).filter(({ info }) => info === FILTER_INFO);
    return filters.map(({ redirectsTo }) => redirectsTo).find((target) => target !== undefined);
  }

  /**
   * Takes a redirection back, with what it hangs at unless somebody else has filters there. `targetIndex` `undefined`: the target is gone,
   * and packets are lost.
   */
  removeRedirect(index: number, targetIndex: number | undefined): void {
    const filters = this.#filtersOf(index);
    const isOurs = filters.some(({ info, redirectsTo }) => info === FILTER_INFO && redirectsTo === (targetIndex ?? 0));
    if (isOurs) this.#removeOurs(deleteFilterRequest(index));
    const others = isOurs ? filters.filter(({ info }) => info !== FILTER_INFO) : filters;
    if (others.length > 0 || this.#getDiscipline(index, INGRESS)?.kind !== "ingress") return;
    this.#removeOurs(deleteDisciplineRequest(index, INGRESS, INGRESS_HANDLE));
  }

  /** Gives the number that this namespace knows another one by, as links say it; `undefined`: none. */
  idOf(netns: Pick<Netns, "fd">): number | undefined {
    const id = this.#socket.ask(getNamespaceIdRequest(netns), readNamespaceId);
    return id === "none" ? undefined : id;
  }

  /** Lists what the kernel lacks to shape with; loads modules where there are any. Makes nothing. */
  missing(): readonly string[] {
    const parts = [
      ["queueing discipline tbf", probeDisciplineRequest("tbf")],
      ["queueing discipline ingress", probeDisciplineRequest("ingress")],
      ["action mirred", probeRedirectRequest()],
    ] as const;
    return parts.filter(([, request]) => !this.#isKnown(request)).map(([name]) => name);
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #isKnown(request: NetlinkRequest): boolean {
    try {
      this.#socket.change(request);
    } catch (error) {
      if (isKernelError(error, "ENOENT") || isKernelError(error, "EOPNOTSUPP")) return false;
      if (isKernelError(error, "EINVAL") || isKernelError(error, "EEXIST")) return true;
      throw error;
    }
    throw new Error(`unreachable: ${request.call} made something`);
  }

  #getDiscipline(index: number, parent: number): Discipline | undefined {
    try {
      const found = this.#socket.ask(getDisciplineRequest(index, parent), readDiscipline);
      return found === "none" ? undefined : found;
    } catch (error) {
      if (isKernelError(error, "ENOENT") || isKernelError(error, "ENODEV")) return undefined;
      throw error;
    }
  }

  #filtersOf(index: number): readonly IngressFilter[] {
    try {
      return this.#socket.dump(listFiltersRequest(index), FILTERS_MAX, readFilter);
    } catch (error) {
      if (isKernelError(error, "ENODEV")) return [];
      throw error;
    }
  }

  #removeOurs(request: NetlinkRequest): void {
    try {
      this.#socket.change(request);
    } catch (error) {
      if (!isKernelError(error) || !NOT_OURS.includes(error.errno)) throw error;
    }
  }
}
