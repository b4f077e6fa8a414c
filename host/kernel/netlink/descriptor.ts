/**
 * @module Descriptors of netlink sockets: made in the namespace they belong to, and connected to the kernel.
 */

import { checked, closeDescriptor, connect, setSocketOption, socket } from "../libc.ts";
import { runInNetns, type Netns } from "../netns.ts";

/** Source: bits/socket.h. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
/** Links, addresses, routes. Source: linux/netlink.h. */
export const NETLINK_ROUTE = 0;
/** Source: linux/socket.h, linux/netlink.h. */
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
/** Source: asm-generic/socket.h; `struct timeval` has two numbers of 64 bits. */
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** Seconds that the kernel may take for one answer. It answers within send(2): only a bug makes it late. */
const ANSWER_TIMEOUT_SECONDS = 5n;
/** The kernel's own address. Source: `struct sockaddr_nl`, linux/netlink.h: family (2 bytes), padding (2), port id (4), groups (4). */
const KERNEL_ADDRESS = Buffer.from([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const ON = Buffer.from(Uint32Array.of(1).buffer);
const ANSWER_TIMEOUT = Buffer.from(BigUint64Array.of(ANSWER_TIMEOUT_SECONDS, 0n).buffer);

/** Opens a descriptor in a namespace, connected to the kernel, with strict checks of requests. */
export function openDescriptor(netns: Pick<Netns, "fd">, protocol: number): number {
  const fd = runInNetns(netns, () =>
    checked("socket AF_NETLINK", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)),
  );
  try {
    checked("connect", connect(fd, KERNEL_ADDRESS, KERNEL_ADDRESS.length));
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      checked("setsockopt SOL_NETLINK", setSocketOption(fd, SOL_NETLINK, option, ON, ON.length));
    }
    checked(
      "setsockopt SO_RCVTIMEO",
      setSocketOption(fd, SOL_SOCKET, SO_RCVTIMEO, ANSWER_TIMEOUT, ANSWER_TIMEOUT.length),
    );
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  return fd;
}
