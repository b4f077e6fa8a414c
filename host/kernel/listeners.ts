/**
 * @module Whether a process listens on a port in one namespace: asked by port, without listing other sockets.
 */

import { ipEquals, isUnspecified } from "../spec/ip.ts";
import { isKernelError } from "./error.ts";
import type { HostPort } from "./host-port-elements.ts";
import type { Netns } from "./netns.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import { listWaitingRequest, NETLINK_SOCK_DIAG, readWaiting, type WaitingSocket } from "./netlink/socket-messages.ts";

/** Most sockets of one port that are looked at: one tells enough. */
const SOCKETS_MAX = 1024;

/** The sockets of one namespace. Stays bound to it when the {@link Netns} is closed. */
export class Listeners implements Disposable {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens the sockets of a namespace. */
  static open(netns: Pick<Netns, "fd">): Listeners {
    return new Listeners(new NetlinkSocket(netns, NETLINK_SOCK_DIAG));
  }

  /** Tells whether a process listens on a port, on an address that it is of. False where this kernel cannot be asked, and for SCTP. */
  hasListener({ family, protocol, port, address }: HostPort): boolean {
    if (protocol === "sctp") return false;
    const isMeant = (socket: WaitingSocket): boolean => {
      if (socket.port !== port) return false;
      const isOther = socket.address.tag !== family;
      if (isUnspecified(socket.address)) return !isOther || !socket.isIpv6Only;
      return !isOther && (address === undefined || ipEquals(socket.address, address));
    };
    // A socket of IPv6 on every address takes IPv4 as well.
    const families = family === "ipv4" ? (["ipv4", "ipv6"] as const) : (["ipv6"] as const);
    return families.some((each) => this.#waiting({ family: each, protocol, port }).some(isMeant));
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #waiting(question: Parameters<typeof listWaitingRequest>[0]): readonly WaitingSocket[] {
    try {
      return this.#socket.dump(listWaitingRequest(question), SOCKETS_MAX, readWaiting);
    } catch (error) {
      // The kernel's part for a protocol may be missing.
      if (
        isKernelError(error, "ENOENT") ||
        isKernelError(error, "EOPNOTSUPP") ||
        isKernelError(error, "EPROTONOSUPPORT")
      )
        return [];
      throw error;
    }
  }
}
