/**
 * @module Flows that the kernel of one namespace tracks. They can only be forgotten: a UDP flow that goes on is translated as its first packet
 * was, however the packet filter has changed since.
 */

import type { IpAddress, IpFamily } from "../spec/ip.ts";
import { isKernelError } from "./error.ts";
import type { Netns } from "./netns.ts";
import { NETLINK_NETFILTER } from "./netlink/filter-messages.ts";
import { deleteFlowRequest, listFlowsRequest, readFlow } from "./netlink/flow-messages.ts";
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

/** The flows of one namespace. Stays bound to it when the {@link Netns} is closed. */
export class Conntrack implements Disposable {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens the flows of a namespace. */
  static open(netns: Pick<Netns, "fd">): Conntrack {
    return new Conntrack(new NetlinkSocket(netns, NETLINK_NETFILTER));
  }

  /**
   * Forgets flows, and says how many.
   * @throws {KernelError} EINVAL and others where this kernel tracks none.
   */
  forget({ family, protocol, port, isMeant }: FlowFilter): number {
    const protocolNumber = PROTOCOL_NUMBERS[protocol];
    const flows = this.#socket.dump(listFlowsRequest({ family, protocolNumber, port }), FLOWS_MAX, readFlow);
    // Judged again: an older kernel knows no filter.
    const meant = flows.filter((flow) => flow.protocolNumber === protocolNumber && flow.port === port && isMeant(flow));
    return meant.filter((flow) => this.#delete(flow)).length;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #delete(flow: Parameters<typeof deleteFlowRequest>[0]): boolean {
    try {
      this.#socket.change(deleteFlowRequest(flow));
      return true;
    } catch (error) {
      if (isKernelError(error, "ENOENT")) return false;
      throw error;
    }
  }
}
