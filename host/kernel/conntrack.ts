/**
 * @module Flows that the kernel of one namespace tracks. They can only be forgotten: a UDP flow that goes on is translated as its first packet
 * was, however the packet filter has changed since.
 */

import type { IpAddress, IpFamily } from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import type { Netns } from "./netns.ts";
import { NETLINK_NETFILTER } from "./netlink/filter-messages.ts";
import { deleteFlowRequest, type Flow, listFlowsRequest, readFlow } from "./netlink/flow-messages.ts";
import { NetlinkSocket } from "./netlink/socket.ts";

/** Most flows of one port that are looked at. Source: the highest default of nf_conntrack_max, nf_conntrack-sysctl, kernel documentation. */
const FLOWS_MAX = 262_144;
/** Source: IANA, protocol numbers. */
const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Which flows are to be forgotten. */
export interface FlowFilter {
  readonly family: IpFamily;
  readonly protocol: keyof typeof PROTOCOL_NUMBERS;
  /** Port that they were first sent to. */
  readonly port: number;
  /** Judges the address that they were first sent to, and who answers. */
  readonly isMeant: (flow: { readonly destination: IpAddress; readonly answerer: IpAddress }) => boolean;
}

/** Flows that are to be forgotten with the next walk. */
interface Waiting {
  readonly filter: FlowFilter;
  readonly resolve: (forgotten: number) => void;
  readonly reject: (error: unknown) => void;
}

/** The flows of one namespace. Stays bound to it when the {@link Netns} is closed. */
export class Conntrack implements Disposable {
  readonly #socket: NetlinkSocket;
  /** For walks that go on while the other socket is used. */
  readonly #slow: NetlinkSocket;
  #waiting: Waiting[] = [];
  #walking = false;
  #closed = false;

  private constructor(netns: Pick<Netns, "fd">) {
    this.#socket = new NetlinkSocket(netns, NETLINK_NETFILTER);
    this.#slow = new NetlinkSocket(netns, NETLINK_NETFILTER);
  }

  /** Opens the flows of a namespace. */
  static open(netns: Pick<Netns, "fd">): Conntrack {
    return new Conntrack(netns);
  }

  /**
   * Forgets flows, and says how many.
   * @throws {KernelError} EINVAL and others where this kernel tracks none.
   */
  forget({ family, protocol, port, isMeant }: FlowFilter): number {
    const protocolNumber = PROTOCOL_NUMBERS[protocol];
    const flows = this.#socket.dump(listFlowsRequest({ family, protocolNumber, port }), FLOWS_MAX, readFlow);
    return this.#deleteMeant(flows, { family, protocol, port, isMeant });
  }

  /**
   * As {@link forget}, while others go on. The kernel walks its whole table, which takes milliseconds, on the thread pool; whoever
   * comes meanwhile waits and shares the next walk.
   */
  forgetSoon(filter: FlowFilter): Promise<number> {
    if (this.#closed) return Promise.reject(new KernelError("EBADF", "IPCTNL_MSG_CT_GET dump"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ filter, resolve, reject });
      if (!this.#walking) void this.#walk();
    });
  }

  /** Takes no more; what waits is still forgotten, then the sockets are closed. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#socket[Symbol.dispose]();
    if (!this.#walking) this.#slow[Symbol.dispose]();
  }

  async #walk(): Promise<void> {
    this.#walking = true;
    // Whoever calls in the same turn of the event loop shares the first walk already.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      // The kernel filters by one family and one protocol.
      const alike = Map.groupBy(batch, ({ filter: { family, protocol } }) => `${family} ${protocol}`);
      for (const some of alike.values()) await this.#forgetBatch(some);
    }
    this.#walking = false;
    if (this.#closed) this.#slow[Symbol.dispose]();
  }

  /** One walk for filters of one family and protocol. */
  async #forgetBatch(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const { family, protocol, port } = first.filter;
    const isOnePort = batch.every(({ filter }) => filter.port === port);
    const question = { family, protocolNumber: PROTOCOL_NUMBERS[protocol], port: isOnePort ? port : undefined };
    try {
      const flows = await this.#slow.dumpSlowly(listFlowsRequest(question), FLOWS_MAX, readFlow);
      for (const { filter, resolve } of batch) resolve(this.#deleteMeant(flows, filter));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #deleteMeant(flows: readonly Flow[], { family, protocol, port, isMeant }: FlowFilter): number {
    const protocolNumber = PROTOCOL_NUMBERS[protocol];
    // Judged again: an older kernel knows no filter, and a walk may be for several.
    const meant = flows.filter(
      (flow) =>
        flow.protocolNumber === protocolNumber &&
        flow.port === port &&
        flow.destination.tag === family &&
        isMeant(flow),
    );
    return meant.filter((flow) => this.#delete(flow)).length;
  }

  #delete(flow: Parameters<typeof deleteFlowRequest>[0]): boolean {
    try {
      (this.#closed ? this.#slow : this.#socket).change(deleteFlowRequest(flow));
      return true;
    } catch (error) {
      if (isKernelError(error, "ENOENT")) return false;
      throw error;
    }
  }
}
