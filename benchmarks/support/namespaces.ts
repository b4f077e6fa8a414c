/**
 * @module Namespaces for measurements: a node's and its containers'. Nothing here touches the machine's own network.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { ENTER_NODE } from "../../test/support/node-namespace.ts";

/** Set in the process that runs inside the node's namespace. */
const INSIDE = "CNIDARIA_BENCH_INSIDE";

/**
 * Runs the program again inside a network and mount namespace of its own, which stands for the node, and ends this one with its status.
 * Inside, it returns. What is made there is gone when the process ends.
 */
export function enterNodeNamespace(script: string, args: readonly string[]): void {
  if (process.env[INSIDE] !== undefined) return;
  const [command, ...enter] = ENTER_NODE;
  const child = spawnSync(command, [...enter, process.execPath, script, ...args], {
    stdio: "inherit",
    env: { ...process.env, [INSIDE]: "1" },
  });
  process.exit(child.status ?? 1);
}

/** A container's namespace, deleted at the end of its scope. */
export interface ContainerNamespace extends Disposable {
  readonly name: string;
  readonly path: string;
}

/** Makes a container's namespace. */
export function createContainerNamespace(): ContainerNamespace {
  const name = `bench-${randomBytes(4).toString("hex")}`;
  execFileSync("ip", ["netns", "add", name]);
  return {
    name,
    path: `/run/netns/${name}`,
    [Symbol.dispose]: () => {
      spawnSync("ip", ["netns", "del", name]);
    },
  };
}
