/**
 * @module A node, a container, a state directory with the bridge plugin, and a helper.
 */
import { randomUUID } from "node:crypto";
import type { BeginOperation, Digest } from "../../../host/helper/protocol.ts";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { CAPABILITIES, addOf, testNamespace } from "./cases.ts";
import { beginTestOperation, startTestHelper, temporaryStateDir } from "./helper.ts";
import type { TestHelper, TestSandbox } from "./helper.ts";
import { installTestPlugin } from "./plugin.ts";

/** What most tests start from. */
export interface Bench {
  readonly node: TestNamespace;
  readonly container: TestNamespace;
  readonly stateDir: string;
  readonly digest: Digest;
  readonly helper: TestHelper;
}

/** Starts a helper; all of it goes when the test ends. */
export async function startBench(fail?: string): Promise<Bench> {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  return {
    node,
    container,
    stateDir,
    digest,
    helper: await startTestHelper({ stateDir, nodePath: node.path, fail }),
  };
}

/** The parameters of `begin-operation` for an ADD that calls nothing, and what is different about it. */
export function beginParameters(changes: Partial<BeginOperation>): BeginOperation {
  const ids = { containerId: "c1", network: "net1", ifname: "eth0", scope: "", netns: "" };
  const texts = { cniVersion: "1.1.0", configuration: "{}", runtimeConfig: "{}", origin: "test" };
  return { operationId: randomUUID(), verb: "ADD", args: [], types: [], ...ids, ...texts, ...changes };
}

/** A DEL in which no plugin is called; gives what could not be removed. */
export async function delWithoutPlugin(helper: TestHelper, containerId = "c1"): Promise<readonly string[]> {
  const { operationId } = beginParameters({});
  await helper.request("begin-operation", beginParameters({ operationId, verb: "DEL", containerId }));
  const outcome = { outcome: "ok", result: undefined, phasesMicroseconds: {} } as const;
  return (await helper.request("end-operation", { operationId, ...outcome })).failures;
}

/** A whole ADD in which the plugin does nothing; gives the handle it had. */
export async function addNothing(sandbox: TestSandbox, bench: Bench): Promise<number> {
  const operation = await beginTestOperation(bench.helper, sandbox, addOf(bench.container.path));
  await operation.endCall();
  await operation.end();
  return operation.call.containerHandle;
}
