/**
 * @module Plays calls on real sandbox processes, for tests.
 */
import type { Limits } from "../../host/helper/protocol.ts";
import type { CallFrame, OperationAnswer, OperationRequest } from "../../host/helper/sandbox-protocol.ts";
import { createPool, type AnswerIpam, type CallReport } from "../../host/sandbox/pool.ts";
import { createFakeHelper, REQUEST, type FakeHelper } from "./fake-helper.ts";

export const LINK = {
  name: "eth0",
  index: 2,
  kind: "veth",
  mac: [2, 0, 0, 0, 0, 1],
  mtuBytes: 1500,
  up: true,
  operationalState: "up",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
};
/** Number of the container's namespace in every call. */
export const HANDLE = 41;
export const NO_IPAM: AnswerIpam = async () => ({ err: { code: 4, message: "no IPAM plugin" } });

/** What happens in a test. */
export interface Scene {
  readonly bundlePath: string;
  readonly fixture: string;
  readonly capabilities?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly answer?: (request: OperationRequest) => OperationAnswer;
  readonly answerIpam?: AnswerIpam;
  /** Configuration of each call, one after the other. @default one call */
  readonly calls?: readonly string[];
}

/** Makes the frame of a call. */
export function callOf(index: number, configuration: string = REQUEST.configuration): CallFrame {
  return {
    type: "call",
    callId: `call-${index}`,
    export: "attachment",
    verb: "add",
    request: { ...REQUEST, configuration },
    containerHandle: HANDLE,
    isIpamAhead: false,
  };
}

/** Makes calls on a real process, one after the other; a new process where the last one cannot go on. */
export async function playScene(
  scene: Scene,
): Promise<{ readonly reports: CallReport[]; readonly helper: FakeHelper }> {
  const { fixture, capabilities = [], calls = [REQUEST.configuration], answerIpam = NO_IPAM } = scene;
  const answer = scene.answer ?? ((): OperationAnswer => ({ ok: LINK }));
  await using helper = await createFakeHelper({
    bundlePath: scene.bundlePath,
    component: fixture,
    capabilities,
    limits: scene.limits ?? {},
    answer,
  });
  using pool = createPool({ client: helper });
  const reports: CallReport[] = [];
  for (const [index, configuration] of calls.entries()) {
    reports.push(await pool.run(helper.plugin, (sandbox) => sandbox.call(callOf(index, configuration), answerIpam)));
  }
  return { reports, helper };
}

/** Makes one call. */
export async function playOneCall(scene: Scene): Promise<{
  readonly outcome: CallReport["result"]["outcome"];
  readonly report: CallReport;
  readonly helper: FakeHelper;
}> {
  const { reports, helper } = await playScene(scene);
  const [report] = reports;
  if (report === undefined) throw new Error("the scene makes no call");
  return { outcome: report.result.outcome, report, helper };
}
