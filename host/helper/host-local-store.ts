/**
 * @module The reference plugin host-local's store of addresses, kept beside the ledger where the operator wants both to work on one network.
 *
 * `<dir>/<network>/<address>` holds the container's id, CR LF, and the name of its link; `last_reserved_ip.<set>` the address given last;
 * `lock` is locked by whoever changes any of it. Source: containernetworking/plugins 1.9.1, plugins/ipam/host-local/backend/disk.
 * The ledger's lease is written before the file and removed after it: a helper that dies between leaves a lease, never a file alone.
 * Does not trust: contents of files, which other programs write.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isKernelError } from "../kernel/error.ts";
import { lockNow } from "../kernel/flock.ts";
import { CniError } from "../spec/error.ts";
import { formatIpAddress, readIpAddress } from "../spec/ip.ts";
import type { IpAddress } from "../spec/ip.ts";

/** Whose an address is, as its file says. `ifname` is `""` in files that early versions wrote. */
export interface StoreOwner {
  readonly containerId: string;
  readonly ifname: string;
}

/** Mode of the directories, as the reference makes them: root alone may change them. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o600;
/** Longest file that is read, in bytes: an id of 255, a link's name and the line end, and room. */
const FILE_MAX_BYTES = 1024;
/** How long the lock is waited for, in ms. The reference holds it while it reads every file of the network. */
const LOCK_WAIT_MS = 5_000;
/** Name under which a file is written before it has its own. No address. */
const DRAFT = ".cnidaria";

/** A store. Methods that change something belong into {@link HostLocalStore.locked}. */
export class HostLocalStore {
  readonly dir: string;
  readonly #lockWaitMs: number;

  /** `dir` was checked: it and what is above it are root's. */
  constructor(dir: string, lockWaitMs: number = LOCK_WAIT_MS) {
    this.dir = dir;
    this.#lockWaitMs = lockWaitMs;
  }

  /**
   * Runs something while the network is locked against the reference and other helpers. Never inside it: a write to the ledger, which waits
   * for helpers that wait for this lock.
   * @throws {CniError} tryAgainLater when somebody keeps the lock; stateUnusable when the store cannot be written.
   */
  locked<T>(network: string, body: () => T): T {
    return this.#attempt(() => {
      this.#createFolder(network);
      using lock = lockNow(this.#path(network, "lock"), this.#lockWaitMs);
      if (lock !== undefined) return body();
      throw new CniError("tryAgainLater", `host-local's store of network ${JSON.stringify(network)} is locked`, {
        details: `another process has held ${this.#path(network, "lock")} for ${this.#lockWaitMs} ms`,
      });
    });
  }

  /** Tells whether somebody has an address, whatever its file says. */
  isTaken(network: string, address: IpAddress): boolean {
    return lstatSync(this.#pathOf(network, address), { throwIfNoEntry: false }) !== undefined;
  }

  /** Whose an address is; `undefined`: nobody's, or its file does not say. */
  ownerOf(network: string, address: IpAddress): StoreOwner | undefined {
    const text = this.#attempt(() => this.#read(this.#pathOf(network, address)));
    return text === undefined ? undefined : readStoreOwner(text);
  }

  /** Reserves an address; `false`: somebody has it. It is there whole or not at all. Once more for the same owner changes nothing. */
  put(network: string, address: IpAddress, owner: StoreOwner): boolean {
    const [draft, path] = [this.#path(network, DRAFT), this.#pathOf(network, address)];
    // It may be left of a helper that died, and then be the file of an address as well: never written into.
    rmSync(draft, { force: true });
    writeFileSync(draft, formatStoreOwner(owner), { mode: FILE_MODE, flag: "wx" });
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return this.#isOf(path, owner);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Releases an address if it is this owner's. */
  remove(network: string, address: IpAddress, owner: StoreOwner): void {
    const path = this.#pathOf(network, address);
    if (this.#isOf(path, owner)) rmSync(path, { force: true });
  }

  /** Addresses that somebody has, without order. */
  addresses(network: string): IpAddress[] {
    return this.#attempt(() => {
      try {
        const names = readdirSync(this.#path(network, ""));
        return names.map(readIpAddress).filter((address) => address !== undefined);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return [];
        throw error;
      }
    });
  }

  /** Gives another text whenever an address came or went. */
  generation(network: string): string {
    const stat = lstatSync(this.#path(network, ""), { throwIfNoEntry: false, bigint: true });
    return String(stat?.mtimeNs ?? "");
  }

  /** The address of a range set that was given last, by whomever; `undefined`: not known. */
  last(network: string, setIndex: number): IpAddress | undefined {
    const text = this.#attempt(() => this.#read(this.#path(network, `last_reserved_ip.${setIndex}`)));
    return text === undefined ? undefined : readIpAddress(text.trim());
  }

  setLast(network: string, setIndex: number, address: IpAddress): void {
    const path = this.#path(network, `last_reserved_ip.${setIndex}`);
    rmSync(path, { force: true });
    writeFileSync(path, formatIpAddress(address), { mode: FILE_MODE, flag: "wx" });
  }

  #isOf(path: string, { containerId, ifname }: StoreOwner): boolean {
    const text = this.#read(path);
    const found = text === undefined ? undefined : readStoreOwner(text);
    return found?.containerId === containerId && found.ifname === ifname;
  }

  /** Reads a small file; `undefined`: it is not there, or is none. */
  #read(path: string): string | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ELOOP") return undefined;
      throw error;
    }
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.size > FILE_MAX_BYTES) return undefined;
      const buffer = Buffer.alloc(FILE_MAX_BYTES);
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, FILE_MAX_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  }

  #createFolder(network: string): void {
    const path = this.#path(network, "");
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return;
    if (stat !== undefined) {
      throw new CniError("stateUnusable", `host-local's store: ${JSON.stringify(path)} is not a directory`, {
        details: "move it away",
      });
    }
    mkdirSync(path, { recursive: true });
    // Made with the helper's umask, which leaves nothing to others; the reference's are open to read.
    chmodSync(path, FOLDER_MODE);
  }

  #pathOf(network: string, address: IpAddress): string {
    return this.#path(network, formatIpAddress(address));
  }

  #path(network: string, name: string): string {
    return `${this.dir}/${network}/${name}`;
  }

  #attempt<T>(body: () => T): T {
    try {
      return body();
    } catch (cause) {
      const code = codeOf(cause);
      if (cause instanceof CniError || code === undefined) throw cause;
      throw new CniError("stateUnusable", `host-local's store ${JSON.stringify(this.dir)} cannot be used: ${code}`, {
        details: cause instanceof Error ? cause.message : "",
        cause,
      });
    }
  }
}

/** Writes what a file says. */
export function formatStoreOwner({ containerId, ifname }: StoreOwner): string {
  return ifname === "" ? containerId : `${containerId}\r\n${ifname}`;
}

/** Reads what a file says; `undefined`: nothing. Does not trust: neither name is checked. */
export function readStoreOwner(text: string): StoreOwner | undefined {
  const [containerId = "", ifname = "", ...rest] = text.trim().split(/\r?\n/u);
  return containerId === "" || rest.length > 0 ? undefined : { containerId, ifname };
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && isKernelError(error)) return error.errno;
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
