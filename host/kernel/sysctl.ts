/**
 * @module The switches of the network under /proc/sys/net. A closed list: a key that is not in it cannot be written.
 */

import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

import { withinPoints } from "../spec/fault-points.ts";
import { KernelError, withErrno } from "./error.ts";
import { runInNetns, type Netns } from "./netns.ts";
import { countKernelTime } from "./time.ts";

/** Switches of a namespace. Source: networking/ip-sysctl, kernel documentation. */
const NAMESPACE_KEYS = {
  ip_forward: "/proc/sys/net/ipv4/ip_forward",
  ipv6_forwarding: "/proc/sys/net/ipv6/conf/all/forwarding",
} as const;

/** Switches of one link, with their family. Source: networking/ip-sysctl, kernel documentation. */
const LINK_KEYS = {
  accept_ra: "ipv6",
  accept_dad: "ipv6",
  enhanced_dad: "ipv6",
  ndisc_notify: "ipv6",
  disable_ipv6: "ipv6",
  keep_addr_on_down: "ipv6",
  route_localnet: "ipv4",
  arp_notify: "ipv4",
} as const;

/** Name of a switch of a whole namespace. */
export type NamespaceSysctlName = keyof typeof NAMESPACE_KEYS;
/** Name of a switch of one link. */
export type LinkSysctlName = keyof typeof LINK_KEYS;

/** One switch. `link` is the name of a link, never `all` or `default`. */
export type SysctlKey =
  | { readonly name: NamespaceSysctlName }
  | { readonly name: LinkSysctlName; readonly link: string };

/** Longest link name in bytes: IFNAMSIZ (16) less its NUL. Source: linux/if.h. */
const IFNAME_MAX_BYTES = 15;
/** Room for the longest value: a signed number and a line feed. */
const VALUE_BYTES = 32;
const VALUE = /^-?[0-9]+$/u;
const buffer = Buffer.alloc(VALUE_BYTES);

/**
 * Reads a switch.
 * @throws {KernelError} ENOENT when there is no such link, or the kernel lacks the family.
 */
export function readSysctl(netns: Pick<Netns, "fd">, key: SysctlKey): number {
  return inOpened(netns, key, constants.O_RDONLY, readValue);
}

/**
 * Writes a switch where it has another value.
 * @returns the value that it had.
 * @throws {KernelError} ENOENT when there is no such link, or the kernel lacks the family; EINVAL for a value it refuses; EROFS.
 */
export function writeSysctl(netns: Pick<Netns, "fd">, key: SysctlKey, value: number): number {
  return withinPoints("kernel.setting", key.name, () =>
    inOpened(netns, key, constants.O_RDWR, (fd, call) => {
      const replaced = readValue(fd, call);
      if (replaced !== value) writeSync(fd, `${value}\n`, 0);
      return replaced;
    }),
  );
}

/**
 * Writes switches of one link, in order, in one visit of its namespace; nothing is read.
 * @throws {KernelError} as {@link writeSysctl}; those before are written.
 */
export function setLinkSysctls(
  netns: Pick<Netns, "fd">,
  link: string,
  values: readonly (readonly [name: LinkSysctlName, value: number])[],
): void {
  withinPoints("kernel.setting", values.map(([name]) => name).join(" "), () =>
    countKernelTime(() =>
      runInNetns(netns, () => {
        for (const [name, value] of values) {
          const call = `sysctl ${name} of a link`;
          const path = sysctlPath({ name, link }, call);
          withErrno(call, () => {
            const fd = openSync(path, constants.O_WRONLY);
            try {
              writeSync(fd, `${value}\n`, 0);
            } finally {
              closeSync(fd);
            }
          });
        }
      }),
    ),
  );
}

function inOpened(
  netns: Pick<Netns, "fd">,
  key: SysctlKey,
  flags: number,
  use: (fd: number, call: string) => number,
): number {
  const call = "link" in key ? `sysctl ${key.name} of a link` : `sysctl ${key.name}`;
  const path = sysctlPath(key, call);
  return countKernelTime(() =>
    runInNetns(netns, () =>
      withErrno(call, () => {
        const fd = openSync(path, flags);
        try {
          return use(fd, call);
        } finally {
          closeSync(fd);
        }
      }),
    ),
  );
}

function readValue(fd: number, call: string): number {
  const text = buffer.toString("latin1", 0, readSync(fd, buffer, 0, VALUE_BYTES, 0)).trim();
  if (!VALUE.test(text)) throw new KernelError("EPROTO", call, "not a number");
  return Number(text);
}

/** Gives the file of a switch. A dot in a link's name is a character like others here. Does not trust: the name may be anything. */
function sysctlPath(key: SysctlKey, call: string): string {
  if (!("link" in key)) return NAMESPACE_KEYS[key.name];
  const { name, link } = key;
  const bytes = Buffer.byteLength(link);
  if (bytes === 0 || bytes > IFNAME_MAX_BYTES || /[/\0]/u.test(link) || [".", "..", "all", "default"].includes(link)) {
    throw new KernelError("EINVAL", call, "no name of a link");
  }
  return `/proc/sys/net/${LINK_KEYS[name]}/conf/${link}/${name}`;
}
