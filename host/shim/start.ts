/**
 * @module Starts a warm host that outlives its caller. Loaded when there is none, and not before.
 */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { CniError } from "../spec/error.ts";
import { warmHostArguments } from "./executable.ts";

/** What a warm host is started with. */
export interface WarmHostOptions {
  /** Folder of the bundles. */
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly socketPath: string;
  /** Seconds that it stays without a call. */
  readonly lingerSeconds: string;
}

/**
 * Starts a warm host and waits until it listens, or leaves because another does. It keeps nothing of the caller's: no stdio,
 * no environment, no working directory, no session.
 * @throws {CniError} helperFailed when it does not start.
 */
export function startWarmHost({ runtimeDir, stateDir, socketPath, lingerSeconds }: WarmHostOptions): Promise<void> {
  const [node, ...args] = warmHostArguments({ runtimeDir, stateDir, lingerSeconds });
  const child = spawn(node, [...args, socketPath], {
    cwd: "/",
    detached: true,
    env: {},
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const pipe = child.stdio[3] as Readable;
  child.unref();
  return new Promise((resolve, reject) => {
    let said = "";
    pipe.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    child.once("error", (cause) =>
      reject(new CniError("helperFailed", "the warm host cannot be started", { cause, details: cause.message })),
    );
    pipe.on("close", () => {
      if (said === "" || said === "ready\n") resolve();
      else reject(new CniError("helperFailed", "the warm host did not start", { details: said.trim() }));
    });
  });
}
