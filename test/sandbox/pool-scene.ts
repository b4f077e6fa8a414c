/**
 * @module Pools of tests, their plugins and calls.
 */
import { onTestFinished } from "vitest";
import type { Digest, InstalledPlugin } from "../../host/helper/protocol.ts";
import type { CallFrame } from "../../host/helper/sandbox-protocol.ts";
import { createPool, type AnswerIpam, type CallReport, type Pool, type PoolOptions } from "../../host/sandbox/pool.ts";
import { LIMITS, REQUEST } from "./fake-helper.ts";

export const NO_IPAM: AnswerIpam = async () => ({ ok: null });

export function pluginOf(digit: string, deadlineMs = 5000): InstalledPlugin {
  const digest: Digest = `sha256:${digit.repeat(64)}`;
  return {
    type: `probe-${digit}`,
    digest,
    version: "0",
    exports: ["attachment"],
    capabilities: [],
    limits: { ...LIMITS, deadlineMs },
    early: false,
    cniVersions: [],
  };
}

export function poolOf(options: PoolOptions): Pool {
  const pool = createPool(options);
  onTestFinished(() => pool[Symbol.dispose]());
  return pool;
}

export function frameOf(callId = "c"): CallFrame {
  return {
    type: "call",
    callId,
    export: "attachment",
    verb: "add",
    request: REQUEST,
    containerHandle: 1,
    isIpamAhead: false,
  };
}

export function callOn(pool: Pool, plugin: InstalledPlugin, answerIpam: AnswerIpam = NO_IPAM): Promise<CallReport> {
  return pool.run(plugin, (sandbox) => sandbox.call(frameOf(), answerIpam));
}
