/**
 * @module Entry of a sandbox: the process that runs one guest.
 *
 * It starts with two descriptors and nothing else: 3 is the host's, 4 the helper's. It ends when either is closed.
 */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CONTROL_FRAME_MAX_BYTES } from "../helper/frames.ts";
import {
  INSTANCES_READY_MAX,
  type CallFrame,
  type HostToSandbox,
  type LoadFrame,
  type SandboxToHost,
} from "../helper/sandbox-protocol.ts";
import { passPoint, withinPoints } from "../spec/fault-points.ts";
import { yieldInBackground } from "./background.ts";
import { BlockingChannel, ChannelClosed } from "./channel.ts";
import { trapText } from "./guest-error.ts";
import { createImports } from "./imports/index.ts";
import { GuestCode, type GuestInstance } from "./instance.ts";
import { CallMeter } from "./limits.ts";
import { removeGlobals } from "./lockdown.ts";
import { Session, type Channels } from "./session.ts";
import { optimizeEarly } from "./web-assembly.ts";

/** Descriptor of the control channel, the host's. */
export const CONTROL = 3;
/** Descriptor of the private channel, the helper's. */
export const PRIVATE = 4;

// Kept from before the globals go.
const exit = process.exit.bind(process);

/** Reads the code from the private channel and compiles it. */
function load(channels: Channels): Promise<{ readonly code: GuestCode; readonly session: Session }> {
  return withinPoints("sandbox.load", "", () => loadCode(channels));
}

async function loadCode(channels: Channels): Promise<{ readonly code: GuestCode; readonly session: Session }> {
  const frame = channels.private.readFrame() as LoadFrame;
  const files = frame.files.map(({ name, bytes }) => ({ name, bytes: channels.private.readBytes(bytes) }));
  const session = new Session(channels, new CallMeter(frame.limits));
  const imports = Object.freeze(createImports(frame.capabilities, session));
  const wasi = frame.wasi ? await import("./wasi.ts") : undefined;
  removeGlobals();
  optimizeEarly();
  yieldInBackground();
  const makeImports = (): object =>
    wasi === undefined ? imports : Object.assign(wasi.createWasiImports(session), imports);
  return { code: new GuestCode(files, makeImports), session };
}

/** Runs a sandbox on its two channels until one of them ends. Ends the process. */
export function runSandbox(channels: Channels): void {
  // A guest that has ended, well or not, leaves nothing to wait for.
  serve(channels).then(
    () => exit(0),
    (error: unknown) => exit(error instanceof ChannelClosed && error.isEnd ? 0 : 1),
  );
}

/** Makes one call after the other. An instance is used once; the host says when there is time to make the next one ready. */
async function serve(channels: Channels): Promise<void> {
  const send = (frame: SandboxToHost): unknown => channels.control.writeFrame(frame);
  try {
    const { code, session } = await load(channels);
    const instantiate = (): GuestInstance => withinPoints("sandbox.instance", "", () => code.instantiate());
    const ready = [instantiate()];
    passPoint("sandbox.ready");
    send({ type: "ready", loadMicroseconds: Math.round(performance.now() * 1000) });
    for (;;) {
      const call = readCall(channels);
      const mayGoOn = call === undefined || session.run(call, ready.shift() ?? instantiate());
      if (!mayGoOn) return;
      // Generated code leaves promises and timers behind; they end here, while nobody waits.
      await nextTurn();
      if (call === undefined && ready.length < INSTANCES_READY_MAX) ready.push(instantiate());
    }
  } catch (error) {
    if (error instanceof ChannelClosed) throw error;
    send({ type: "failed", message: trapText(error) });
  }
}

/** Reads the next call; `undefined`: there is time to prepare for one. */
function readCall(channels: Channels): CallFrame | undefined {
  const frame = channels.control.readFrame() as HostToSandbox;
  if (frame.type === "prepare") return undefined;
  if (frame.type !== "call") throw new ChannelClosed(`${frame.type} while no call is open`);
  return frame;
}

if (import.meta.main) {
  runSandbox({
    control: new BlockingChannel(CONTROL, CONTROL_FRAME_MAX_BYTES),
    private: new BlockingChannel(PRIVATE, CONTROL_FRAME_MAX_BYTES),
  });
}
