/**
 * @module Deleting links without waiting for them one by one.
 *
 * The kernel deletes a link within send(2) and waits there for a grace period of 15 to 20 ms. So the request is sent from the
 * thread pool, on a socket of its own, and whoever comes meanwhile waits and is then deleted together with the others: all are
 * put into one group, and the group is deleted by one request.
 */

import { randomInt } from "node:crypto";

import { isKernelError, KernelError } from "./error.ts";
import type { Netns } from "./netns.ts";
import { deleteGroupRequest, deleteLinkRequest, setLinkRequest } from "./netlink/link-requests.ts";
import { NetlinkSocket } from "./netlink/socket.ts";

/** Numbers of groups that nobody else uses by accident: of each process another one, so that two do not delete each other's. */
const GROUP_FIRST = 0x4300_0000;
const GROUP_COUNT = 0x0100_0000;

interface Waiting {
  readonly index: number;
  readonly resolve: (kernelMicroseconds: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Deletes links of one namespace. */
export class LinkDeletion implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly #group = GROUP_FIRST + randomInt(GROUP_COUNT);
  #waiting: Waiting[] = [];
  #running = false;
  #closed = false;

  constructor(netns: Pick<Netns, "fd">) {
    this.#socket = new NetlinkSocket(netns);
  }

  /** Requests that were sent, by type. */
  get sent(): ReadonlyMap<number, number> {
    return this.#socket.sent;
  }

  /**
   * Deletes a link. One that is not there is deleted already.
   * @returns microseconds that the kernel took for the request, which may have been for others too.
   * @throws {KernelError} EOPNOTSUPP for a link that cannot be deleted, such as a physical one.
   */
  delete(index: number): Promise<number> {
    if (this.#closed) return Promise.reject(new KernelError("EBADF", "RTM_DELLINK"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Takes no more; what waits is still deleted, then the socket is closed. */
  [Symbol.dispose](): void {
    this.#closed = true;
    if (!this.#running) this.#socket[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Whoever calls in the same turn of the event loop belongs to the first batch already.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#deleteBatch(batch);
    }
    this.#running = false;
    if (this.#closed) this.#socket[Symbol.dispose]();
  }

  async #deleteBatch(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) return this.#deleteOne(first);
    const grouped = batch.filter((waiting) => this.#moveToGroup(waiting));
    if (grouped.length === 0) return;
    const startedAt = performance.now();
    try {
      await this.#socket.changeSlowly(deleteGroupRequest(this.#group));
      for (const { resolve } of grouped) resolve(microsecondsSince(startedAt));
    } catch {
      // One that cannot be deleted keeps the kernel from deleting any: each by itself then gets its own answer.
      for (const waiting of grouped) await this.#deleteOne(waiting);
    }
  }

  /** Tells whether the link is now in the group; otherwise it got its answer. */
  #moveToGroup(waiting: Waiting): boolean {
    try {
      this.#socket.change(setLinkRequest({ index: waiting.index }, { group: this.#group }));
      return true;
    } catch (error) {
      if (isKernelError(error, "ENODEV")) waiting.resolve(0);
      else waiting.reject(error);
      return false;
    }
  }

  async #deleteOne({ index, resolve, reject }: Waiting): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#socket.changeSlowly(deleteLinkRequest(index));
      resolve(microsecondsSince(startedAt));
    } catch (error) {
      if (isKernelError(error, "ENODEV")) resolve(microsecondsSince(startedAt));
      else reject(error);
    }
  }
}

function microsecondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000);
}
