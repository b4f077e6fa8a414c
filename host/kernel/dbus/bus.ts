/**
 * @module A connection to the system bus: ask, wait, get the answer. Bounded in time and in bytes, whoever is at the other end.
 */
import { KernelError } from "../error.ts";
import { checked, closeDescriptor, connect, lastErrno, receive, send, setSocketOption, socket } from "../libc.ts";
import { countKernelTime } from "../time.ts";
import { encodeCall, HEAD_BYTES, messageBytes, readMessage } from "./message.ts";
import type { BusCall, BusMessage, BusValue } from "./message.ts";

/** Where the bus listens. Source: D-Bus Specification 0.43, System message bus. */
const SYSTEM_BUS = "/run/dbus/system_bus_socket";
/** Source: bits/socket.h. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Source: asm-generic/socket.h; `struct timeval` has two numbers of 64 bits. */
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
/** How long everything on one connection may take, in ms. */
const DEADLINE_MS = 3000;
/** Messages that are read while an answer is waited for: the bus says little unasked. */
const MESSAGES_MAX = 64;
/** Longest line of the authentication, in bytes. */
const LINE_MAX_BYTES = 256;
const BUS = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

/** An error that whoever was asked gave as answer. */
export class BusError extends KernelError {
  override readonly name: string = "BusError";
  /** Such as `org.freedesktop.DBus.Error.ServiceUnknown`. */
  readonly errorName: string;
  readonly text: string;

  constructor(member: string, errorName: string, text: string) {
    super("EREMOTEIO", member, `${errorName}: ${text}`);
    this.errorName = errorName;
    this.text = text;
  }
}

/** A connection to the bus. */
export class SystemBus implements Disposable {
  readonly #fd: number;
  readonly #deadlineAt = performance.now() + DEADLINE_MS;
  #serial = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Connects; `undefined`: this node has no bus.
   * @throws {KernelError} ETIMEDOUT, EPROTO, EACCES when the bus does not take us.
   */
  static open(path = SYSTEM_BUS): SystemBus | undefined {
    const fd = checked("socket AF_UNIX", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bus = new SystemBus(fd);
    try {
      if (!bus.#connect(path)) {
        bus[Symbol.dispose]();
        return undefined;
      }
      bus.#introduce();
      return bus;
    } catch (error) {
      bus[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Asks, and waits for the answer.
   * @throws {BusError} what was answered.
   * @throws {KernelError} ETIMEDOUT when nothing was; EPROTO for an answer that is none; EPIPE, ECONNRESET when the bus is gone.
   */
  call(call: BusCall): BusValue {
    return countKernelTime(() => {
      this.#serial += 1;
      const serial = this.#serial;
      this.#send(encodeCall(serial, call), call.member);
      for (let count = 0; count < MESSAGES_MAX; count += 1) {
        const { replySerial, errorName, value } = this.#receiveMessage(call.member);
        if (replySerial !== serial) continue;
        if (errorName !== undefined) throw new BusError(call.member, errorName, typeof value === "string" ? value : "");
        return value;
      }
      throw new KernelError("EPROTO", call.member, "the bus talks of something else");
    });
  }

  /** Tells whether somebody has a name. */
  hasOwner(name: string): boolean {
    return this.call({ ...BUS, member: "NameHasOwner", args: [name] }) === true;
  }

  /** Gives the process that has a name, as the bus sees it. */
  processOf(name: string): BusValue {
    return this.call({ ...BUS, member: "GetConnectionUnixProcessID", args: [name] });
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#fd);
  }

  /**
   * | offset | bytes | field |
   * | ---: | ---: | --- |
   * | 0 | 2 | family |
   * | 2 | 108 | path, NUL at its end |
   * Source: `struct sockaddr_un`, linux/un.h.
   */
  #connect(path: string): boolean {
    this.#limitTime(SO_SNDTIMEO, "connect");
    const address = Buffer.alloc(2 + 108);
    address.writeUInt16LE(AF_UNIX);
    address.write(path, 2);
    if (countKernelTime(() => connect(this.#fd, address, address.length)) === 0) return true;
    const errno = lastErrno();
    if (errno === "ENOENT" || errno === "ECONNREFUSED") return false;
    throw new KernelError(errno === "EAGAIN" ? "ETIMEDOUT" : errno, `connect ${path}`);
  }

  /** Says who this is, by the credentials that the kernel passes on, and gets a name. */
  #introduce(): void {
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    this.#send(Buffer.from(`\0AUTH EXTERNAL ${uid}\r\n`), "AUTH");
    const answer = this.#receiveLine();
    if (!answer.startsWith("OK ")) throw new KernelError("EACCES", "AUTH", answer);
    this.#send(Buffer.from("BEGIN\r\n"), "BEGIN");
    this.call({ ...BUS, member: "Hello", args: [] });
  }

  #receiveLine(): string {
    let line = "";
    while (!line.endsWith("\r\n")) {
      if (line.length >= LINE_MAX_BYTES) throw new KernelError("EPROTO", "AUTH", "a line without end");
      line += this.#receive(1, "AUTH").toString("latin1");
    }
    return line.trimEnd();
  }

  #receiveMessage(member: string): BusMessage {
    const head = this.#receive(HEAD_BYTES, member);
    const bytes = messageBytes(head);
    if (bytes === undefined) throw new KernelError("EPROTO", member, "an answer that is none, or too long");
    const message = readMessage(Buffer.concat([head, this.#receive(bytes - HEAD_BYTES, member)]));
    if (message === undefined) throw new KernelError("EPROTO", member, "an answer that is none");
    return message;
  }

  /** Receives exactly so many bytes. */
  #receive(bytes: number, member: string): Buffer {
    const received = Buffer.alloc(bytes);
    for (let offset = 0; offset < bytes;) {
      this.#limitTime(SO_RCVTIMEO, member);
      const part = received.subarray(offset);
      const count = this.#attempt(member, () => receive(this.#fd, part, part.length, 0));
      if (count === 0) throw new KernelError("EPIPE", member, "the bus is gone");
      offset += count ?? 0;
    }
    return received;
  }

  #send(message: Uint8Array, member: string): void {
    for (let offset = 0; offset < message.length;) {
      this.#limitTime(SO_SNDTIMEO, member);
      const part = message.subarray(offset);
      offset += this.#attempt(member, () => send(this.#fd, part, part.length, MSG_NOSIGNAL)) ?? 0;
    }
  }

  /** `undefined`: a signal interrupted it, nothing was moved. */
  #attempt(member: string, run: () => number): number | undefined {
    const count = countKernelTime(run);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === "EINTR") return undefined;
    throw silentOr(errno, member);
  }

  /** Has the next call on the socket end at the deadline. */
  #limitTime(option: number, member: string): void {
    const leftMs = this.#deadlineAt - performance.now();
    if (leftMs <= 0) throw silentOr("EAGAIN", member);
    const microseconds = BigInt(Math.ceil(leftMs * 1000));
    const time = Buffer.from(BigUint64Array.of(microseconds / 1_000_000n, microseconds % 1_000_000n).buffer);
    checked("setsockopt", setSocketOption(this.#fd, SOL_SOCKET, option, time, time.length));
  }
}

function silentOr(errno: string, member: string): KernelError {
  if (errno !== "EAGAIN") return new KernelError(errno, member);
  return new KernelError("ETIMEDOUT", member, `no answer on the system bus within ${DEADLINE_MS} ms`);
}
