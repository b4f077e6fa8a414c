/**
 * @module A netlink socket that stays in the namespace it was made in: ask, wait, get the answer.
 *
 * The socket is connected to the kernel (port 0): then the kernel refuses what other processes send to it. Inside a container
 * its owner may be root, and could otherwise answer in the kernel's place.
 */

import { withinPoints } from "../../spec/fault-points.ts";
import { KernelError } from "../error.ts";
import { closeDescriptor, lastErrno, receive, send } from "../libc.ts";
import { openNetnsOfSocket, type Netns } from "../netns.ts";
import { countKernelTime } from "../time.ts";
import {
  FLAG_ACK,
  FLAG_DUMP,
  FLAG_DUMP_INTERRUPTED,
  FLAG_REQUEST,
  MESSAGE_DONE,
  MESSAGE_ERROR,
  readMessages,
  type Message,
} from "./codec.ts";
import { NETLINK_ROUTE, openDescriptor } from "./descriptor.ts";
import { throwRefusal } from "./refusal.ts";
import { MessageWriter } from "./writer.ts";

/** Source: bits/socket.h. */
const MSG_TRUNC = 0x20;
/** Bytes of the receive buffer. The kernel sends dumps in parts of at most 32 KiB. Source: netlink_dump(), net/netlink/af_netlink.c, Linux 6.12. */
const RECEIVE_BYTES = 64 * 1024;
/** How often a dump is begun again that was interrupted by changes; then it is taken as it is, as the reference plugins do. */
const DUMP_TRIES = 6;

/** One buffer for all sockets: an answer is read at once, before anything else can run. */
const received = Buffer.allocUnsafeSlow(RECEIVE_BYTES);

/** One request. */
export interface NetlinkRequest {
  readonly type: number;
  /** Besides REQUEST and what the kind of exchange needs. */
  readonly flags?: number;
  /** For errors, such as `RTM_NEWLINK veth`. */
  readonly call: string;
  /** Appends what follows the header. */
  readonly write: (writer: MessageWriter) => void;
}

/** How a message of an answer is read: `undefined` says that it is none. */
export type ReadMessage<Value> = (message: Message) => Value | undefined;

/** A socket of one family of netlink. */
export class NetlinkSocket implements Disposable {
  /** Requests that were sent, by type. */
  readonly sent = new Map<number, number>();
  /** Messages that were received and belong to an answer. */
  receivedMessages = 0;
  readonly #writer = new MessageWriter();
  readonly #protocol: number;
  #fd: number;
  /** Begins anywhere: an answer that was not asked for does not fit. */
  #sequence = Math.floor(Math.random() * 0x7fff_ffff);
  #closed = false;

  constructor(netns: Pick<Netns, "fd">, protocol: number = NETLINK_ROUTE) {
    this.#protocol = protocol;
    this.#fd = openDescriptor(netns, protocol);
  }

  /** Descriptor; another one after a broken answer. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Asks for a change and waits until it is done.
   * @throws {KernelError} with the kernel's error.
   */
  change(request: NetlinkRequest): void {
    withinPoints("kernel.change", request.call, () => {
      this.#send(this.#build(request, FLAG_ACK), request.call);
      this.#awaitAcknowledgement(request.call);
    });
  }

  /**
   * Asks for several changes in one go, which the kernel does in a transaction: the first and the last request are its boundaries.
   * @throws {KernelError} with the first error.
   */
  changeTogether(requests: readonly NetlinkRequest[], call: string): void {
    const first = this.#sequence + 1;
    const parts = requests.map((request, index) => {
      // All have one number; the last change is acknowledged, when all are done.
      this.#sequence = first - 1;
      return Buffer.from(this.#build(request, index === requests.length - 2 ? FLAG_ACK : 0));
    });
    withinPoints("kernel.change-together", call, () => {
      this.#send(Buffer.concat(parts), call);
      this.#awaitAcknowledgement(call);
    });
  }

  /** As {@link change}, but waits on the thread pool: for what blocks in send(2). Only one at a time. */
  changeSlowly(request: NetlinkRequest): Promise<void> {
    return withinPoints("kernel.change-slowly", request.call, () => this.#changeSlowly(request));
  }

  async #changeSlowly(request: NetlinkRequest): Promise<void> {
    await this.#sendSlowly(this.#build(request, FLAG_ACK), request.call);
    this.#awaitAcknowledgement(request.call);
  }

  /**
   * Asks for one thing.
   * @throws {KernelError} with the kernel's error; EPROTO when the answer is none.
   */
  ask<Value>(request: NetlinkRequest, read: ReadMessage<Value>): Value {
    this.#send(this.#build(request, 0), request.call);
    const [message] = this.#receive(request.call);
    const value = message === undefined ? undefined : read(message);
    if (value === undefined) throw this.#renew(new KernelError("EPROTO", request.call));
    return value;
  }

  /**
   * Asks for a change, and for one thing as it is after it, in one go.
   * @throws {KernelError} with the change's error, or else with that of the question; EPROTO when the answer is none.
   */
  changeAndAsk<Value>(change: NetlinkRequest, question: NetlinkRequest, read: ReadMessage<Value>): Value {
    return withinPoints("kernel.change", change.call, () => this.#changeAndAsk(change, question, read));
  }

  #changeAndAsk<Value>(change: NetlinkRequest, question: NetlinkRequest, read: ReadMessage<Value>): Value {
    // A change that succeeds says nothing: the answer to the question is enough.
    const bytes = Buffer.concat([Buffer.from(this.#build(change, 0)), this.#build(question, 0)]);
    const changed = this.#sequence - 1;
    this.#send(bytes, change.call);
    let refused: Message | undefined;
    for (;;) {
      const messages = readMessages(received.subarray(0, this.#receiveBytes(question.call)));
      if (messages === undefined) throw this.#renew(new KernelError("EPROTO", question.call));
      refused ??= messages.find((message) => message.sequence === changed);
      const answer = messages.find((message) => message.sequence === this.#sequence);
      if (answer === undefined) continue;
      if (refused !== undefined) throwRefusal(refused, change.call);
      throwRefusal(answer, question.call);
      const value = read(answer);
      if (value === undefined) throw this.#renew(new KernelError("EPROTO", question.call));
      return value;
    }
  }

  /**
   * Asks for many things, at most `max` of them.
   * @throws {KernelError} with the kernel's error; EOVERFLOW when there are more than `max`; EPROTO when the answer is none.
   */
  dump<Value>(request: NetlinkRequest, max: number, read: ReadMessage<Value>): Value[] {
    for (let tries = 1; ; tries += 1) {
      const { values, interrupted } = this.#dumpOnce(request, max, read);
      if (!interrupted || tries === DUMP_TRIES) return values;
    }
  }

  /** As {@link dump}, but waits on the thread pool until the first part of the answer is there, and never asks again. Only one at a time. */
  async dumpSlowly<Value>(request: NetlinkRequest, max: number, read: ReadMessage<Value>): Promise<Value[]> {
    await this.#sendSlowly(this.#build(request, FLAG_DUMP), request.call);
    return this.#readDump(request.call, max, read).values;
  }

  /** Closes the socket. Not while {@link changeSlowly} or {@link dumpSlowly} runs. */
  [Symbol.dispose](): void {
    if (!this.#closed) closeDescriptor(this.#fd);
    this.#closed = true;
  }

  #dumpOnce<Value>(
    request: NetlinkRequest,
    max: number,
    read: ReadMessage<Value>,
  ): { values: Value[]; interrupted: boolean } {
    this.#send(this.#build(request, FLAG_DUMP), request.call);
    return this.#readDump(request.call, max, read);
  }

  #readDump<Value>(call: string, max: number, read: ReadMessage<Value>): { values: Value[]; interrupted: boolean } {
    const values: Value[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(call)) {
        interrupted ||= (message.flags & FLAG_DUMP_INTERRUPTED) !== 0;
        if (message.type === MESSAGE_DONE) return { values, interrupted };
        const value = read(message);
        if (value === undefined) throw this.#renew(new KernelError("EPROTO", call));
        // The rest of the answer would come with the next request: a new socket has no rest.
        if (values.length === max) throw this.#renew(new KernelError("EOVERFLOW", call, `more than ${max}`));
        values.push(value);
      }
    }
  }

  #build(request: NetlinkRequest, flags: number): Buffer {
    if (this.#closed) throw new KernelError("EBADF", request.call);
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.sent.set(request.type, (this.sent.get(request.type) ?? 0) + 1);
    const header = { type: request.type, flags: FLAG_REQUEST | flags | (request.flags ?? 0), sequence: this.#sequence };
    request.write(this.#writer.begin(header));
    return this.#writer.finish();
  }

  #send(bytes: Buffer, call: string): void {
    if (countKernelTime(() => send(this.#fd, bytes, bytes.length, 0)) < 0) throw new KernelError(lastErrno(), call);
  }

  async #sendSlowly(bytes: Buffer, call: string): Promise<void> {
    const sent = await new Promise<number>((resolve, reject) => {
      send.async(this.#fd, bytes, bytes.length, 0, (error: unknown, result) =>
        error ? reject(error) : resolve(result),
      );
    });
    // The error number stays on the thread; of all errors of send(2) only a lack of memory is possible here.
    if (sent < 0) throw new KernelError("ENOBUFS", call);
  }

  #awaitAcknowledgement(call: string): void {
    for (const message of this.#receive(call)) {
      if (message.type !== MESSAGE_ERROR) throw this.#renew(new KernelError("EPROTO", call));
    }
  }

  /** Receives the next messages of the answer to the last request. Throws what an error among them says; success is an empty error. */
  #receive(call: string): Message[] {
    for (;;) {
      const messages = readMessages(received.subarray(0, this.#receiveBytes(call)));
      if (messages === undefined) throw this.#renew(new KernelError("EPROTO", call));
      const answers = messages.filter((message) => message.sequence === this.#sequence);
      this.receivedMessages += answers.length;
      for (const message of answers) throwRefusal(message, call);
      if (answers.length > 0) return answers;
    }
  }

  #receiveBytes(call: string): number {
    for (;;) {
      const bytes = countKernelTime(() => receive(this.#fd, received, RECEIVE_BYTES, MSG_TRUNC));
      if (bytes > RECEIVE_BYTES) throw this.#renew(new KernelError("EMSGSIZE", call));
      if (bytes >= 0) return bytes;
      const errno = lastErrno();
      if (errno !== "EINTR") throw this.#renew(new KernelError(errno === "EAGAIN" ? "ETIMEDOUT" : errno, call));
    }
  }

  /** Replaces the socket by a new one in the same namespace, so that nothing of a broken answer is left in it. Gives the error back. */
  #renew(error: KernelError): KernelError {
    using netns = openNetnsOfSocket(this.#fd);
    const fd = openDescriptor(netns, this.#protocol);
    closeDescriptor(this.#fd);
    this.#fd = fd;
    return error;
  }
}
