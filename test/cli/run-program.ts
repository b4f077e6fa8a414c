/**
 * @module Runs the program of a test on a host that writes down what it is asked.
 */
import type { CommandContext } from "../../host/cli/context.ts";
import { createProgram } from "../../host/cli/program.ts";
import type { AttachmentRequest, Host, ImportLeasesRequest, InstallPlan, InstallRequest } from "../../host/index.ts";
import { CniError } from "../../host/spec/error.ts";

export const digest = `sha256:${"ab".repeat(32)}` as const;

/** A host that writes down what it is asked. */
const fakeHost = (asked: unknown[]): Host => {
  const plan = (type: string): InstallPlan => ({
    type,
    digest,
    version: "1",
    description: "",
    isVerified: type !== "unverified",
    grants: ["masquerade: masquerades"],
    differences: type === "static" ? ["widened: a: b → c"] : undefined,
    commit: async () => {
      asked.push(["commit", type]);
      return {
        type,
        digest,
        version: "1",
        exports: [],
        capabilities: [],
        limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 1, logBytes: 1, resultBytes: 1 },
        early: false,
        cniVersions: [],
      };
    },
  });
  const attach = (verb: string) => async (request: AttachmentRequest) => {
    request.onBegin?.("op-1");
    const { onBegin: _, ...rest } = request;
    asked.push([verb, rest]);
  };
  return {
    add: async (request: AttachmentRequest) => {
      await attach("add")(request);
      return { cniVersion: "1.0.0", ips: [] };
    },
    del: attach("del"),
    check: () => Promise.reject(new CniError("invalidNetns", "gone", { details: "d" })),
    planInstall: async ({ component, capabilities, adopt }: InstallRequest) => {
      const wishes = adopt === undefined ? [capabilities] : [capabilities, adopt];
      asked.push(["plan", Buffer.from(component).toString(), ...wishes]);
      return plan(Buffer.from(component).toString());
    },
    uninstall: async (type: string) => void asked.push(["uninstall", type]),
    revoke: async (type: string) => void asked.push(["revoke", type]),
    list: async () => [],
    allowLegacy: async (type: string) => void asked.push(["allow", type]),
    denyLegacy: async (type: string) => void asked.push(["deny", type]),
    listLegacy: async () => [
      { type: "dhcp", isolation: "unconfined", allowedAtMs: 0, isShadowed: false },
      { type: "bridge", isolation: "unconfined", allowedAtMs: 0, isShadowed: true },
    ],
    log: async (filter: unknown) => {
      asked.push(["log", filter]);
      return [];
    },
    importLeases: async (request: ImportLeasesRequest) => {
      asked.push(["import", request]);
      const skipped = request.networks === undefined ? [{ file: "10.0.0.9", why: "a symbolic link" }] : [];
      return [{ network: "n", imported: 3, present: 1, skipped }];
    },
    leases: async (filter: unknown) => {
      asked.push(["leases", filter]);
      return [{ address: "10.0.0.2", network: "n", containerId: "c", ifname: "eth0", setIndex: 0 }];
    },
    attachments: async (filter: unknown) => {
      asked.push(["attachments", filter]);
      const key = { network: "n", containerId: "c", ifname: "eth0", createdAtMs: 0 };
      return [
        { ...key, scope: "", digests: { tuning: "sha256:0" }, legacy: ["dhcp"] },
        { ...key, scope: "bridge", digests: { bridge: "sha256:1", "host-local": "sha256:2" }, legacy: [] },
      ];
    },
    [Symbol.asyncDispose]: async () => void asked.push(["closed"]),
  } as unknown as Host;
};

/** Runs a command whose folder of configurations and bundles is the given one. */
export const runProgram = async (folder: string, args: readonly string[], overrides: Partial<CommandContext> = {}) => {
  const asked: unknown[] = [];
  const out: string[] = [];
  const notes: string[] = [];
  let exitCode = 0;
  const context: CommandContext = {
    environment: { NETCONFPATH: folder },
    print: (line) => out.push(line),
    note: (line) => notes.push(line),
    style: { isColoured: false },
    ask: undefined,
    openHost: async (stateDir, settings) => {
      asked.push(["open", stateDir, ...Object.values(settings)]);
      return fakeHost(asked);
    },
    bundleDir: folder,
    nodePath: process.execPath,
    version: "9.9.9",
    exitWith: (code) => {
      exitCode = code;
    },
    ...overrides,
  };
  const thrown: unknown = await createProgram(context)
    .parseAsync(["node", "cnidaria", ...args])
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return { asked, out, notes, exitCode, thrown };
};
