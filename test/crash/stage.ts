/**
 * @module Where the crash tests play: a state directory with plugins, hosts whose helper has the test's hook, one network.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createHost } from "../../host/index.ts";
import type { AttachmentRequest, Host } from "../../host/index.ts";
import type { Limits } from "../../host/helper/protocol.ts";
import { isCniError } from "../../host/spec/error.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { until } from "../support/command.ts";
import type { TestContainer } from "../support/container.ts";
import { componentOf, createStateFolder } from "../support/host.ts";
import { CRASH_BUNDLES } from "./bundles.ts";
import { everyProcessOf } from "./remains.ts";

/** A state directory that is there until it is disposed. */
export interface Stage extends AsyncDisposable {
  readonly stateDir: string;
  /** Makes a host on it. `hooked`: its helper has the test's hook. Closed with the stage. */
  readonly openHost: (hooked?: "hooked") => Promise<Host>;
}

/** Makes a state directory with plugins in it, under limits of the operator's. */
export async function createStage(plugins: readonly string[], limits: Partial<Limits> = {}): Promise<Stage> {
  const folder = createStateFolder();
  const stateDir = join(folder, "state");
  const hosts: Host[] = [];
  const openHost = async (hooked?: "hooked"): Promise<Host> => {
    const host = await createHost({
      stateDir,
      origin: "test",
      ...(hooked === undefined ? {} : { bundleDir: CRASH_BUNDLES }),
    });
    hosts.push(host);
    return host;
  };
  const installer = await openHost();
  await Promise.all(plugins.map(async (name) => installer.install({ component: await componentOf(name), limits })));
  await installer.close();
  return {
    stateDir,
    openHost,
    [Symbol.asyncDispose]: async () => {
      for (const host of hosts) await host.close();
      await until("the end of every process", () => everyProcessOf(stateDir).length === 0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The network: bridge, host-local, gateway, masquerading. */
export function networkOf(name: string, subnet: string): JsonObject {
  const ipam = { type: "host-local", subnet, routes: [{ dst: "0.0.0.0/0" }] };
  const bridge = { type: "bridge", bridge: `${name}0`, isGateway: true, ipMasq: true, ipMasqBackend: "nftables", ipam };
  return { cniVersion: "1.1.0", name, plugins: [bridge] };
}

/** One attachment of a container to a network. */
export function requestOf(container: TestContainer, network: JsonObject): AttachmentRequest {
  return { network, containerId: container.id, netns: container.netns, ifname: "eth0" };
}

/** Starts a host in a process of its own. */
export function spawnHost(stateDir: string, verb: "add" | "del" | "stay", request: AttachmentRequest): ChildProcess {
  const entry = join(CRASH_BUNDLES, "host-process.mjs");
  const args = ["--disable-warning=ExperimentalWarning", entry, CRASH_BUNDLES, stateDir, verb, JSON.stringify(request)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Waits for the end of a process, and gives its exit code or signal. */
export async function endOf(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

/** DEL as a runtime does it: again, as long as it is told to try later. */
export async function delAgain(host: Host, request: AttachmentRequest): Promise<void> {
  await until("DEL to be let in", () =>
    host.del(request).then(
      () => true,
      (error: unknown) => {
        if (isCniError(error) && error.code === TRY_AGAIN_LATER) return false;
        throw error;
      },
    ),
  );
}

const TRY_AGAIN_LATER = 11;
