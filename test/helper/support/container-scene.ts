/**
 * @module A container that another program made, and a plugin that changes what is in it; its helper may die and be started again.
 */
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { testNamespace } from "./cases.ts";
import { startTestHelper, startTestSandbox, temporaryStateDir } from "./helper.ts";
import type { TestHelper, TestOperation, TestSandbox } from "./helper.ts";
import { installTestPlugin } from "./plugin.ts";
import type { TestPlugin } from "./plugin.ts";

/** The scene; all of it goes when the test ends. */
export interface ContainerScene {
  readonly container: TestNamespace;
  readonly helper: TestHelper;
  readonly sandbox: TestSandbox;
  /** Starts the next helper, and a sandbox of it. `die`: where that helper dies. */
  readonly start: (die?: string) => Promise<{ readonly helper: TestHelper; readonly sandbox: TestSandbox }>;
}

/** What is in the scene. */
export interface ContainerSceneOptions {
  readonly plugin: TestPlugin;
  /** Commands of `ip` in the container, arguments separated by spaces. */
  readonly commands: readonly string[];
  /** `POINT@NUMBER`: where the first helper dies. */
  readonly die?: string | undefined;
}

/** Makes the container and starts the first helper. */
export async function openContainerScene({ plugin, commands, die }: ContainerSceneOptions): Promise<ContainerScene> {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  for (const command of commands) container.ip(command);
  const digest = installTestPlugin(stateDir, plugin);
  const start: ContainerScene["start"] = async (point) => {
    const helper = await startTestHelper({ stateDir, nodePath: node.path, die: point });
    return { helper, sandbox: await startTestSandbox(helper, digest) };
  };
  return { container, start, ...(await start(die)) };
}

/** Ends the call and its operation, and gives what could not be undone. */
export async function endAll(operation: TestOperation, outcome: "ok" | "error" = "ok"): Promise<readonly string[]> {
  await operation.endCall(outcome);
  return (await operation.end(outcome)).failures;
}
