/**
 * @module Namespaces for measurements: a node's and its containers'. Nothing here touches the machine's own network.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";

/** Set in the process that runs inside the node's namespace. */
const INSIDE = "CNIDARIA_BENCH_INSIDE";

/**
 * Runs the program again inside a network and mount namespace of its own, which stands for the node, and ends this one with its status.
 * Inside, it returns. What is made there is gone when the process ends.
 */
export function enterNodeNamespace(script: string, args: readonly string[]): void {
  if (process.env[INSIDE] !== undefined) return;
  const prepare =
    "mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }; ip link set lo up";
  const child = spawnSync(
    "unshare",
    [
      "--net",
      "--mount",
      "--propagation",
      "private",
      "--",
      "sh",
      "-c",
      `${prepare}; exec "$@"`,
      "sh",
      process.execPath,
      script,
      ...args,
    ],
    { stdio: "inherit", env: { ...process.env, [INSIDE]: "1" } },
  );
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
