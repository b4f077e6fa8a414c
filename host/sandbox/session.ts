/**
 * @module One sandbox at work: answers the imports of its guest, over its two channels, within the limits of the call.
 */
import { encodeFrame, encodeText, FRAME_HEADER_BYTES, OPERATION_FRAME_MAX_BYTES } from "../helper/frames.ts";
import type { LogLine } from "../helper/protocol.ts";
import { AFTER, EXPORT_WITH_NAMESPACE, type Earlier } from "../helper/sandbox-protocol.ts";
import type {
  BatchAnswer,
  CallFrame,
  HostToSandbox,
  OperationAnswer,
  ResultFrame,
  SandboxToHost,
} from "../helper/sandbox-protocol.ts";
import { withinPoints } from "../spec/fault-points.ts";
import { Batch } from "./batch.ts";
import { ChannelClosed, type BlockingChannel } from "./channel.ts";
import { runGuest, trapText, unwrapAnswer, type GuestOutcome } from "./guest-error.ts";
import { ContainerNamespace } from "./imports/container-namespace.ts";
import type { ImportContext } from "./imports/definition.ts";
import type { GuestInstance } from "./instance.ts";
import type { CallMeter } from "./limits.ts";

type IpamFrame = Extract<HostToSandbox, { readonly type: "ipam-answer" | "ipam-ahead" }>;

/** The two channels of a sandbox. */
export interface Channels {
  /** Of the host. */
  readonly control: BlockingChannel;
  /** Of the helper. */
  readonly private: BlockingChannel;
}

/** Serves the imports of a guest, and makes its calls. */
export class Session implements ImportContext {
  readonly #channels: Channels;
  readonly #meter: CallMeter;
  /** Of the open call, and of the instances that are ready. */
  readonly #endActs: (() => void)[] = [];
  #batch: Batch | undefined;
  #isCallOpen = false;
  #isAsking = false;
  /** The IPAM plugin's answer comes without a question, and was not taken yet. */
  #isIpamAhead = false;
  /** It was taken, and the helper not asked since. */
  #isAfterIpam = false;
  /** What the helper does while the guest goes on, and its answer once it was read. */
  #started: { answer: unknown } | undefined;
  /** It came, before it was taken. */
  #ahead: IpamFrame | undefined;

  constructor(channels: Channels, meter: CallMeter) {
    this.#channels = channels;
    this.#meter = meter;
  }

  askHelper(operation: string, args: readonly unknown[]): unknown {
    if (this.#batch !== undefined) throw new Error(`${operation} has an answer to give, and a batch is open`);
    this.#beginHostCall();
    this.#readStarted();
    const ask = (): unknown => this.#ask(JSON.stringify([operation, ...args.map(toWire)]));
    return unwrapAnswer(withinPoints("sandbox.ask", operation, ask) as OperationAnswer);
  }

  startHelper(operation: string, args: readonly unknown[]): void {
    if (this.#batch !== undefined) throw new Error(`${operation} in a batch`);
    if (this.#started !== undefined) throw new Error(`${operation}, and something was started in this call already`);
    this.#beginHostCall();
    const frame = this.#encode(JSON.stringify([operation, ...args.map(toWire)]), []);
    withinPoints("sandbox.ask", operation, () => this.#exchange(() => this.#channels.private.writeEncoded(frame)));
    this.#started = { answer: undefined };
  }

  takeStarted(): unknown {
    if (!this.#isCallOpen) throw new Error("no call is open");
    if (this.#started === undefined) throw new Error("nothing was started");
    this.#readStarted();
    return unwrapAnswer(this.#started.answer as OperationAnswer);
  }

  /** Reads the answer to what was started, unless that was done. */
  #readStarted(): void {
    const started = this.#started;
    if (started === undefined || started.answer !== undefined) return;
    started.answer = this.#exchange(() => this.#channels.private.readFrame());
  }

  askHelperForUnit(operation: string, args: readonly unknown[]): unknown {
    if (this.#batch === undefined) return this.askHelper(operation, args);
    this.#beginHostCall();
    return this.#batch.add(operation, args.map(toWire));
  }

  beginBatch(): void {
    if (this.#batch !== undefined) throw new Error("a batch in a batch");
    this.#batch = new Batch(this.#meter);
  }

  runBatch(): void {
    const batch = this.#batch;
    if (batch === undefined) throw new Error("no batch is open");
    this.#batch = undefined;
    if (batch.isEmpty) return;
    unwrapAnswer(withinPoints("sandbox.ask", "batch", () => this.#ask(batch.toText())) as BatchAnswer);
  }

  askIpam(verb: "add" | "del" | "check" | "status"): unknown {
    if (this.#batch !== undefined) throw new Error("the IPAM plugin is asked, and a batch is open");
    this.#beginHostCall();
    if (verb === "add" && this.#isIpamAhead) return this.#takeIpam();
    const answer = withinPoints("sandbox.ask", `ipam.${verb}`, () =>
      this.#exchange(() => {
        this.#send({ type: "ipam", verb });
        return this.#readIpam("ipam-answer");
      }),
    );
    return unwrapAnswer(answer);
  }

  /** Takes the answer that comes without a question, once. */
  #takeIpam(): unknown {
    const answer = this.#exchange(() => this.#readIpam("ipam-ahead"));
    this.#isIpamAhead = false;
    this.#isAfterIpam = true;
    return unwrapAnswer(answer);
  }

  /** Reads an answer; the one that comes without a question may come before the one that is waited for. */
  #readIpam(type: IpamFrame["type"]): IpamFrame {
    if (type === "ipam-ahead" && this.#ahead !== undefined) return this.#ahead;
    for (;;) {
      const frame = this.#channels.control.readFrame() as HostToSandbox;
      if (frame.type === type) return frame as IpamFrame;
      if (frame.type !== "ipam-ahead" || !this.#isIpamAhead || this.#ahead !== undefined)
        throw new ChannelClosed(`${frame.type} instead of ${type}`);
      this.#ahead = frame;
    }
  }

  log(level: LogLine["level"], message: string): void {
    if (this.#isCallOpen && this.#meter.takeLogLine(Buffer.byteLength(message)))
      this.#send({ type: "log", level, message });
  }

  atCallEnd(act: () => void): void {
    this.#endActs.push(act);
  }

  /** Makes one call of a fresh instance and sends its result. Gives whether the process may make another. */
  run(call: CallFrame, instance: GuestInstance): boolean {
    this.#meter.reset();
    this.#isCallOpen = true;
    this.#isIpamAhead = call.isIpamAhead;
    this.#isAfterIpam = false;
    this.#ahead = undefined;
    this.#started = undefined;
    const started = performance.now();
    const outcome = withinPoints("sandbox.guest", call.verb, () => this.#callGuest(call, instance));
    const guestMicroseconds = Math.round((performance.now() - started) * 1000);
    if (this.#isAsking) throw new ChannelClosed("a call ended in the middle of an exchange");
    this.#endActs.shift()?.();
    // What is left of the call is read: it would be taken for the next one's.
    this.#readStarted();
    const tookIpam = call.isIpamAhead && !this.#isIpamAhead;
    if (this.#isIpamAhead) this.#readIpam("ipam-ahead");
    this.#reportDropped();
    this.#isCallOpen = false;
    this.#batch = undefined;
    ContainerNamespace.revokeAll();
    const { hostCalls } = this.#meter;
    const result = {
      type: "result",
      callId: call.callId,
      outcome,
      tookIpam,
      hostCalls,
      instantiateMicroseconds: instance.instantiateMicroseconds,
      guestMicroseconds,
    } as const;
    const sent = withinPoints("sandbox.result", "", () => this.#sendResult(result));
    return !("trap" in sent || "limit" in sent);
  }

  #callGuest(call: CallFrame, instance: GuestInstance): GuestOutcome {
    const verb = verbOf(instance, call);
    if (verb === undefined) return { trap: `the guest exports no ${call.export}.${call.verb}` };
    const outcome = runGuest(() => verb(...argumentsOf(call)));
    if ("ok" in outcome && this.#batch !== undefined) return { trap: "the verb ended in the middle of a batch" };
    if (!("trap" in outcome)) return outcome;
    return { trap: `${outcome.trap} (${instance.memoryBytes()} bytes of memory in use)` };
  }

  /** Sends the result, or the limit that the call reached. */
  #sendResult(result: ResultFrame): ResultFrame["outcome"] {
    const frame = encodeOrTrap(result);
    this.#meter.checkResult(frame.byteLength);
    const { reached } = this.#meter;
    if (reached === undefined) {
      this.#channels.control.writeEncoded(frame);
      return result.outcome;
    }
    const outcome = { limit: reached };
    this.#send({ ...result, outcome });
    return outcome;
  }

  #reportDropped(): void {
    const { droppedLines } = this.#meter;
    if (droppedLines > 0)
      this.#send({
        type: "log",
        level: "warn",
        message: `${droppedLines} more lines were dropped: limit of log bytes`,
      });
  }

  /** Sends a request, as JSON, to the helper, and gives its answer. That to what was started comes before it. */
  #ask(request: string): unknown {
    const started = this.#started?.answer === undefined ? this.#started : undefined;
    const frame = this.#encode(request, started === undefined ? [] : ["start"]);
    return this.#exchange(() => {
      this.#channels.private.writeEncoded(frame);
      if (started !== undefined) started.answer = this.#channels.private.readFrame();
      return this.#channels.private.readFrame();
    });
  }

  /** Makes the frame of a request, given as JSON, and of what it comes after. */
  #encode(request: string, earlier: readonly Earlier[]): Buffer {
    const all = this.#isAfterIpam ? [...earlier, "ipam"] : earlier;
    this.#isAfterIpam = false;
    const frame = encodeText(all.length === 0 ? request : `["${AFTER}",${JSON.stringify(all)},${request}]`);
    if (frame.byteLength - FRAME_HEADER_BYTES > OPERATION_FRAME_MAX_BYTES)
      this.#meter.reach(`${OPERATION_FRAME_MAX_BYTES} bytes of arguments`);
    return frame;
  }

  #beginHostCall(): void {
    if (!this.#isCallOpen) throw new Error("no call is open");
    this.#meter.countHostCall();
  }

  /** Sends and receives. When it does not come to its end (a stack overflow inside), what follows on the channel has no meaning: the process ends. */
  #exchange<T>(exchange: () => T): T {
    if (this.#isAsking) throw new ChannelClosed("an exchange was left unfinished");
    this.#isAsking = true;
    const answer = exchange();
    this.#isAsking = false;
    return answer;
  }

  #send(frame: SandboxToHost): void {
    this.#channels.control.writeFrame(frame);
  }
}

/** Finds the function to call. An instance inherits from nothing that a frame could name. */
function verbOf(instance: GuestInstance, call: CallFrame): ((...args: unknown[]) => unknown) | undefined {
  const exported = instance.exported(call.export);
  if (exported === undefined || !Object.hasOwn(exported, call.verb)) return undefined;
  return exported[call.verb];
}

/** Gives the arguments of an exported function. */
function argumentsOf({ export: name, request, valid, containerHandle }: CallFrame): readonly unknown[] {
  if (name === EXPORT_WITH_NAMESPACE) return [request, new ContainerNamespace(containerHandle)];
  return valid === undefined ? [request] : [request, valid];
}

/** Handles travel as their numbers. */
function toWire(argument: unknown): unknown {
  return argument instanceof ContainerNamespace ? ContainerNamespace.numberOf(argument) : argument;
}

/** Encodes a result; one that cannot be is the guest's fault. */
function encodeOrTrap(result: ResultFrame): Buffer {
  try {
    return encodeFrame(result);
  } catch (error) {
    return encodeFrame({ ...result, outcome: { trap: trapText(error) } });
  }
}
