/**
 * @module STATUS of a warm host: over its socket, as an executable of ours asks, and by an executable.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { WarmRequest } from "../../host/daemon/protocol.ts";
import { readSurroundings } from "../../host/daemon/surroundings.ts";
import { callWarmHost } from "../../host/shim/call.ts";
import { bridgeNetwork, type Context, pluginConfiguration } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { callShim, installShims, type Shims, waitForSilence } from "../support/shims.ts";
import { distribution, short, timed } from "../support/statistics.ts";

const NETWORK = { ...bridgeNetwork("status", "status0", "10.97.0.0/16"), cniVersion: "1.1.0" };
/** Attachments that the network has meanwhile. */
const ATTACHMENTS = 5;

/** Asks the warm host as an executable does, without one. */
async function askSocket({ stateDir, binDir }: Shims): Promise<void> {
  const [name] = readdirSync(join(stateDir, "run")).filter((each) => /^host-.*\.sock$/u.test(each));
  if (name === undefined) throw new Error("no warm host is there");
  const request: WarmRequest = {
    surroundings: readSurroundings(),
    type: "bridge",
    variables: { CNI_COMMAND: "STATUS", CNI_PATH: binDir },
    configuration: JSON.stringify(pluginConfiguration(NETWORK)),
  };
  const start = (): Promise<void> => Promise.reject(new Error("the warm host is gone"));
  const { exitCode, stdout } = await callWarmHost(request, { socketPath: join(stateDir, "run", name), start });
  if (exitCode !== 0) throw new Error(`STATUS failed: ${stdout}`);
}

async function sample(rounds: number, step: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < rounds; index++) samples.push(await timed(step));
  return samples;
}

/** Measures the row. */
export async function measureStatus(context: Context): Promise<Row[]> {
  using shims = installShims(2);
  const containers = Array.from({ length: ATTACHMENTS }, () => createContainerNamespace());
  const callOf = (index: number) => ({
    binDir: shims.binDir,
    containerId: `status-${index}`,
    netns: containers[index]?.path ?? "",
    network: NETWORK,
  });
  for (const index of containers.keys()) await callShim({ ...callOf(index), command: "ADD" });
  // The first ones find out what is then known.
  await sample(20, () => askSocket(shims));
  const socket = distribution(await sample(context.isQuick ? 50 : 300, () => askSocket(shims)));
  const shim = distribution(
    await sample(context.isQuick ? 5 : 25, () => callShim({ ...callOf(0), command: "STATUS" })),
  );
  for (const index of containers.keys()) await callShim({ ...callOf(index), command: "DEL" });
  for (const container of containers) container[Symbol.dispose]();
  await waitForSilence(shims);
  return [
    {
      name: "status",
      what: `ms: STATUS of a warm host over its socket, a bridge with ${ATTACHMENTS} attachments, p50`,
      figure: socket.p50,
      bound: 2,
      sense: "most",
      isRatio: false,
      measured: { socket, shim },
      beside: `p95 ${short(socket.p95)} ms; by an executable ${short(shim.p50)} ms`,
    },
  ];
}
