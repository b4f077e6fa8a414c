/**
 * @module State directories and roots for tests of fenced processes.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openLocks } from "../../../host/helper/locks.ts";
import { ensureSandboxRoot } from "../../../host/helper/sandboxes/sandbox-root.ts";
import { startSandbox } from "../../../host/helper/sandboxes/sandbox.ts";
import type { FenceOptions, StartedSandbox } from "../../../host/helper/sandboxes/sandbox.ts";
import { openStateDirectory } from "../../../host/helper/state-directory.ts";

/** A state directory of its own, with a root for the bundle; removed when the test ends. */
export function prepareFence(
  bundle: string,
  nodePath: string = process.execPath,
): Omit<FenceOptions, "control"> & { readonly stateDir: string } {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { path: stateDir, isolation } = openStateDirectory(join(folder, "state"));
  const bundlePath = join(folder, "bundle.mjs");
  writeFileSync(bundlePath, bundle);
  return {
    stateDir,
    isolation,
    locks: openLocks(stateDir),
    root: ensureSandboxRoot({ stateDir, nodePath, bundlePath }),
  };
}

/** A sandbox that is killed when the test ends. Its control channel is the file `control`. */
export function startTestSandbox(fence: Omit<FenceOptions, "control">, control = "/dev/null"): StartedSandbox {
  const fd = openSync(control, "r");
  const sandbox = startSandbox({ ...fence, control: fd });
  closeSync(fd);
  onTestFinished(async () => {
    sandbox.kill();
    await sandbox.exited;
  });
  return sandbox;
}

/** The next line on the private channel. */
export function nextLine({ private: channel, exited, output }: StartedSandbox): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const take = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!text.includes("\n")) return;
      channel.off("data", take);
      resolve(text.slice(0, text.indexOf("\n")));
    };
    channel.on("data", take);
    void exited.then((exit) => reject(new Error(`sandbox ended: ${JSON.stringify(exit)} ${output()}`)));
  });
}

/** Whether a process is there and no zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until a condition holds; gives up after some seconds. */
export async function eventually(condition: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return condition();
}
