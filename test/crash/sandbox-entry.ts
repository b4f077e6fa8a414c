/**
 * @module A sandbox that follows a plan in the configuration of the plugin that it runs: it has no file to read one from.
 *
 * A plan is for one verb of one export. While it records, the points go to the log of the call.
 */
import { CONTROL_FRAME_MAX_BYTES } from "../../host/helper/frames.ts";
import type { CallFrame, HostToSandbox } from "../../host/helper/sandbox-protocol.ts";
import { BlockingChannel } from "../../host/sandbox/channel.ts";
import { CONTROL, PRIVATE, runSandbox } from "../../host/sandbox/main.ts";
import { watchFaultPoints } from "../../host/spec/fault-points.ts";
import { GUEST_PLAN, type GuestPlan } from "./guest-plan.ts";
import { textOfPoint } from "./plan.ts";

/** A process that is the first of its namespace cannot kill itself by a signal. */
const endNow = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);
const KILLED = 137;

let plan: GuestPlan | undefined;
let passed = new Map<string, number>();

/** Looks into every call that comes in. */
class PlannedChannel extends BlockingChannel {
  override readFrame(): unknown {
    const frame = super.readFrame() as HostToSandbox;
    if (frame.type === "call") begin(frame);
    return frame;
  }
}

function begin({ export: name, verb, request }: CallFrame): void {
  const { configuration } = request as { readonly configuration: string };
  const plans = (JSON.parse(configuration) as Readonly<Record<string, readonly GuestPlan[] | undefined>>)[GUEST_PLAN];
  plan = plans?.find((each) => each.verb === verb && each.export === name);
  passed = new Map();
}

const control = new PlannedChannel(CONTROL, CONTROL_FRAME_MAX_BYTES);
watchFaultPoints((name, detail) => {
  if (plan === undefined) return;
  const point = textOfPoint(name, detail);
  if (plan.record) {
    control.writeFrame({ type: "log", level: "info", message: point });
    return;
  }
  const occurrence = passed.get(point) ?? 0;
  passed.set(point, occurrence + 1);
  if (point !== plan.point || occurrence !== plan.occurrence) return;
  if (plan.victim === "sandbox") endNow(KILLED);
  throw new Error("the guest is to trap here");
});
runSandbox({ control, private: new BlockingChannel(PRIVATE, CONTROL_FRAME_MAX_BYTES) });
