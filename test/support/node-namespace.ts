/**
 * @module Namespaces that stand for a node: whatever a program makes in them is gone with it, and the machine's own network is out of reach.
 */

/**
 * Words before a command that is to run as if on a node of its own: a network, its loopback up, and mounts, so that `ip netns` leaves
 * nothing behind.
 */
export const ENTER_NODE = [
  "unshare",
  "--net",
  "--mount",
  "--propagation",
  "private",
  "--",
  "sh",
  "-c",
  'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up; exec "$@"',
  "sh",
] as const;
