/**
 * @module Settings of a network namespace by their name, as text. Everything below /proc/sys/net and nothing beside it; which of them
 * may be touched, and in whose namespace, the caller has to know.
 *
 * What is not kept per namespace, the kernel shows to other namespaces than the first read-only or not at all.
 * Source: `ensure_safe_net_sysctl`, linux/net/sysctl_net.c, Linux 5.13.
 */

import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

import { withinPoints } from "../spec/fault-points.ts";
import { settingSegments } from "../spec/setting-name.ts";
import { isKernelError, KernelError, withErrno } from "./error.ts";
import { runInNetns, type Netns } from "./netns.ts";
import { countKernelTime } from "./time.ts";

/** Longest value in bytes, without the line feed at its end. */
export const SETTING_VALUE_MAX_BYTES = 4096;

/** Error numbers of a setting that gives no value: one that is a trigger, one that was never set. */
const WITHOUT_VALUE: readonly string[] = ["EACCES", "EIO"];

const LINE_FEED = "\n";
/** One byte more than fits: a longer value is seen to be one. */
const buffer = Buffer.alloc(SETTING_VALUE_MAX_BYTES + LINE_FEED.length + 1);

/**
 * Reads a setting, without the line feed at its end; `undefined`: it is there and has no value to give.
 * @throws {KernelError} ENOENT when there is none, EINVAL when it is no name of one, EOVERFLOW for a value longer than {@link SETTING_VALUE_MAX_BYTES}.
 */
export function readSetting(netns: Pick<Netns, "fd">, name: string): string | undefined {
  try {
    return inOpened(netns, { name, flags: constants.O_RDONLY }, readText);
  } catch (error) {
    if (isKernelError(error) && WITHOUT_VALUE.includes(error.errno)) return undefined;
    throw error;
  }
}

/**
 * Writes a setting.
 * @throws {KernelError} ENOENT when there is none, EACCES when it is read-only, EINVAL when it is no name of one or the value is refused.
 */
export function writeSetting(netns: Pick<Netns, "fd">, name: string, value: string): void {
  withinPoints("kernel.setting", name, () =>
    inOpened(netns, { name, flags: constants.O_WRONLY }, (fd) => writeSync(fd, `${value}${LINE_FEED}`, 0)),
  );
}

interface Opening {
  readonly name: string;
  readonly flags: number;
}

function inOpened<Result>(
  netns: Pick<Netns, "fd">,
  { name, flags }: Opening,
  use: (fd: number, call: string) => Result,
): Result {
  const call = `sysctl ${JSON.stringify(name)}`;
  const segments = settingSegments(name);
  if (segments === undefined) throw new KernelError("EINVAL", call, "no name of a setting of the network");
  const path = `/proc/sys/${segments.join("/")}`;
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

function readText(fd: number, call: string): string {
  const text = buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, 0));
  const value = text.endsWith(LINE_FEED) ? text.slice(0, -LINE_FEED.length) : text;
  if (Buffer.byteLength(value) <= SETTING_VALUE_MAX_BYTES) return value;
  throw new KernelError("EOVERFLOW", call, `longer than ${SETTING_VALUE_MAX_BYTES} bytes`);
}
