/**
 * @module A backend that is a record of what it heard, and of what it is to answer.
 */
import type {
  AttachmentRecord,
  BeginOperation,
  BegunOperation,
  EndCall,
  EndOperation,
  EndedOperation,
  InstalledPlugin,
} from "../../host/helper/protocol.ts";
import type {
  Backend,
  GuestOutcome,
  GuestVerb,
  IpamAnswer,
  PluginCall,
  PluginCallEnded,
} from "../../host/operations/backend.ts";
import type { InvocationInput } from "../../host/operations/invocation.ts";

/** What a fake guest does: an outcome, an error of the call itself, or something that asks for IPAM first. */
export type Guest = GuestOutcome | Error | ((ask: (verb: GuestVerb) => Promise<IpamAnswer>) => Promise<GuestOutcome>);

export interface FakeOptions {
  /** By `type verb`, such as `bridge add`. */
  readonly guests?: Readonly<Record<string, Guest>>;
  readonly plugins?: Readonly<Record<string, InstalledPlugin | null>>;
  readonly attachment?: AttachmentRecord;
  readonly refusals?: readonly string[];
  /** Failures of `end`, or an error of it. */
  readonly end?: readonly string[] | Error;
  readonly begin?: Error;
}

export interface FakeBackend extends Backend {
  readonly begun: BeginOperation[];
  readonly calls: PluginCall[];
  /** What `end-call` was told, by type and verb. */
  readonly endings: [string, Pick<EndCall, "outcome" | "addresses" | "error">][];
  readonly ended: EndOperation[];
}

/** An answered result with one link and one address. */
export const RESULT = {
  interfaces: [{ name: "eth0", sandbox: "/run/netns/x" }],
  ips: [{ address: { address: { tag: "ipv4", val: [10, 1, 0, 7] }, prefixLength: 24 }, interfaceIndex: 0 }],
  routes: [],
};
/** The same as an IPAM plugin gives it. */
export const ADDRESSES = {
  ips: [{ address: { address: { tag: "ipv4", val: [10, 1, 0, 7] }, prefixLength: 24 } }],
  routes: [],
};

export function plugin(type: string, change: Partial<InstalledPlugin> = {}): InstalledPlugin {
  return {
    type,
    digest: `sha256:${type}`,
    version: "1",
    exports: ["attachment"],
    capabilities: ["ipam"],
    limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 1, logBytes: 1, resultBytes: 1 },
    cniVersions: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    ...change,
  };
}

export const PLUGINS: Readonly<Record<string, InstalledPlugin>> = {
  bridge: plugin("bridge"),
  tuning: plugin("tuning", { exports: ["chained"], capabilities: [] }),
  "host-local": plugin("host-local", { exports: ["addresses"], capabilities: ["leases"] }),
};

export const ATTACHMENT: AttachmentRecord = {
  network: "net",
  containerId: "c1",
  ifname: "eth0",
  netns: "/run/netns/x",
  cniVersion: "1.0.0",
  configuration: "{}",
  args: [],
  runtimeConfig: "{}",
  digests: {},
  result: '{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.7/24"}]}',
  createdAtMs: 0,
};

export const LIST = {
  cniVersion: "1.0.0",
  name: "net",
  plugins: [{ type: "bridge", ipam: { type: "host-local" } }, { type: "tuning" }],
};

/** What ADD is asked, unless a test says something else. */
export function input(change: Partial<InvocationInput> = {}): InvocationInput {
  return {
    network: LIST,
    containerId: "c1",
    netns: "/run/netns/x",
    ifname: "eth0",
    origin: "test",
    nowMicroseconds: () => 0,
    ...change,
  };
}

export function fakeBackend(options: FakeOptions = {}): FakeBackend {
  const calls: PluginCall[] = [];
  const begun: BeginOperation[] = [];
  const ended: EndOperation[] = [];
  const endings: FakeBackend["endings"] = [];
  return {
    calls,
    begun,
    ended,
    endings,
    async begin(operation): Promise<BegunOperation> {
      begun.push(operation);
      if (options.begin !== undefined) throw options.begin;
      return {
        operationId: "op1",
        plugins: options.plugins ?? PLUGINS,
        attachment: options.attachment ?? null,
        namespacePresent: true,
      };
    },
    async call(call): Promise<PluginCallEnded> {
      calls.push(call);
      const name = `${call.plugin.type} ${call.verb}`;
      const outcome = await answer(options.guests?.[name] ?? { ok: defaultAnswer(call) }, (verb) =>
        call.onIpam(verb, `call of ${name}`),
      );
      endings.push([name, call.conclude(outcome)]);
      return { outcome, refusals: options.refusals ?? [], operations: [], log: [], phasesMicroseconds: { guest: 1 } };
    },
    async end(operation): Promise<EndedOperation> {
      ended.push(operation);
      if (options.end instanceof Error) throw options.end;
      return { failures: options.end ?? [], sweepMicroseconds: 2, sweepKernelMicroseconds: 1 };
    },
  };
}

async function answer(guest: Guest, ask: (verb: GuestVerb) => Promise<IpamAnswer>): Promise<GuestOutcome> {
  if (guest instanceof Error) throw guest;
  return typeof guest === "function" ? guest(ask) : guest;
}

function defaultAnswer(call: PluginCall): unknown {
  if (call.verb !== "add") return undefined;
  return call.export === "addresses" ? ADDRESSES : RESULT;
}

/** What was called, in order. */
export const heard = (backend: FakeBackend): readonly string[] =>
  backend.calls.map((call) => `${call.plugin.type} ${call.verb}`);

/** A guest that asks for addresses, and passes an error on. */
export const asksIpam: Guest = async (ask) => {
  const answered = await ask("add");
  return "err" in answered ? answered : { ok: RESULT };
};
