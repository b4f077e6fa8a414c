/**
 * @module Reads the addresses that the reference plugin host-local has given out in one network.
 *
 * Source: containernetworking/plugins 1.9.1, plugins/ipam/host-local/backend/disk: `<address>` holds the container's id, CR LF and the name of
 * its link, in files of early versions the id alone; `last_reserved_ip.<set>` holds an address; `lock` is locked by whoever is at it.
 * Does not trust: names, kinds, sizes and contents may be anything. No symbolic link is followed.
 */
import { closeSync, constants, fstatSync, openSync, readSync, readdirSync } from "node:fs";
import type { ImportedLease, ImportLeases } from "../../helper/protocol.ts";
import { CniError, isCniError } from "../../spec/error.ts";
import { formatIpAddress, ipToBytes, readIpAddress } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { parseContainerId, parseIfName } from "../../spec/names.ts";
import { holdLock } from "./hold-lock.ts";

/** A file that was not taken over, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly why: string;
}

/** What a network's directory says. */
export interface StoreReading extends Omit<ImportLeases, "network"> {
  readonly skipped: readonly SkippedFile[];
}

/** Longest file that is read, in bytes: an id of 240, a line end, and a link's name, and room. */
const FILE_MAX_BYTES = 1024;
const LOCK = "lock";
const LAST = /^last_reserved_ip\.(\d{1,4})$/u;
const BITS_PER_BYTE = 8;

/** Names that are no address and mean no harm: the lock, and what is left of a helper that was killed while it wrote. */
const PASSED_OVER: readonly string[] = [LOCK, ".cnidaria"];

/**
 * Reads a network's directory while its lock is held: nothing is half-written.
 * @throws {CniError} ioFailure when it cannot be read; tryAgainLater when somebody keeps the lock.
 */
export function readNetwork(path: string): StoreReading {
  const folder = openFolder(path);
  try {
    // By its descriptor: what is at the path may be exchanged meanwhile.
    const held = `/proc/self/fd/${folder}`;
    using _lock = holdLock(`${held}/${LOCK}`, `${path}/${LOCK}`);
    const names = readdirSync(held).filter((name) => !PASSED_OVER.includes(name));
    return judge(names.map((name) => ({ name, text: readSmall(`${held}/${name}`) })));
  } finally {
    closeSync(folder);
  }
}

interface FoundFile {
  readonly name: string;
  readonly text: string | SkipReason;
}
interface SkipReason {
  readonly why: string;
}

function openFolder(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new CniError("ioFailure", `${JSON.stringify(path)} cannot be read`, { details: String(cause), cause });
  }
}

/** Reads a small regular file, or says why not. */
function readSmall(path: string): string | SkipReason {
  let fd: number;
  try {
    // A named pipe must not be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return { why: code === "ELOOP" ? "a symbolic link" : `cannot be read: ${code}` };
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { why: "not a file" };
    if (stat.size > FILE_MAX_BYTES) return { why: `of ${stat.size} bytes, ${FILE_MAX_BYTES} are read` };
    const buffer = Buffer.alloc(FILE_MAX_BYTES);
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, FILE_MAX_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

function judge(files: readonly FoundFile[]): StoreReading {
  const cursors: { setIndex: number; address: IpAddress }[] = [];
  const leases: { address: IpAddress; containerId: string; ifname: string }[] = [];
  const skipped: SkippedFile[] = [];
  for (const { name, text } of files) {
    const setIndex = LAST.exec(name)?.[1];
    const address = setIndex === undefined ? readIpAddress(name) : undefined;
    const why = typeof text === "string" ? undefined : text.why;
    const found = typeof text !== "string" || address === undefined ? undefined : readOwner(text);
    if (why !== undefined) skipped.push({ file: name, why });
    else if (setIndex !== undefined) cursors.push(...readCursor(Number(setIndex), String(text)));
    else if (address === undefined) skipped.push({ file: name, why: "its name is no address" });
    else if (found === undefined || "why" in found) skipped.push({ file: name, why: found?.why ?? "" });
    else leases.push({ address, ...found });
  }
  return {
    leases: leases.map((lease) => leaseOf(lease, cursors)),
    cursors: cursors.map(({ setIndex, address }) => ({ setIndex, address: formatIpAddress(address) })),
    skipped: skipped.toSorted((left, right) => left.file.localeCompare(right.file)),
  };
}

/** Reads whose an address is, or says why that is not known. */
function readOwner(text: string): { readonly containerId: string; readonly ifname: string } | SkipReason {
  const [containerId = "", ifname = "", ...rest] = text.trim().split(/\r?\n/u);
  if (containerId === "") return { why: "empty: whoever reserved it was stopped before it wrote whose it is" };
  if (rest.length > 0) return { why: "says more than a container and a link" };
  try {
    return { containerId: parseContainerId(containerId), ifname: ifname === "" ? "" : parseIfName(ifname) };
  } catch (error) {
    if (isCniError(error)) return { why: error.message };
    throw error;
  }
}

/** An address given last that cannot be read is none: the reference begins anew then, and so does the ledger. */
function readCursor(setIndex: number, text: string): { setIndex: number; address: IpAddress }[] {
  const address = readIpAddress(text.trim());
  return address === undefined ? [] : [{ setIndex, address }];
}

/** The files do not say which range set an address is from: that of the address given last which is most like it. */
function leaseOf(
  { address, containerId, ifname }: { address: IpAddress; containerId: string; ifname: string },
  cursors: readonly { readonly setIndex: number; readonly address: IpAddress }[],
): ImportedLease {
  const [best] = cursors
    .filter((cursor) => cursor.address.tag === address.tag)
    .toSorted((left, right) => commonBits(right.address, address) - commonBits(left.address, address));
  return { address: formatIpAddress(address), containerId, ifname, setIndex: best?.setIndex ?? 0 };
}

/** Length in bits of what the beginnings of two addresses of a family have in common. */
function commonBits(left: IpAddress, right: IpAddress): number {
  const [first, second] = [ipToBytes(left), ipToBytes(right)];
  const index = first.findIndex((byte, at) => byte !== second[at]);
  if (index < 0) return first.length * BITS_PER_BYTE;
  return index * BITS_PER_BYTE + Math.clz32((first[index] ?? 0) ^ (second[index] ?? 0)) - 24;
}
