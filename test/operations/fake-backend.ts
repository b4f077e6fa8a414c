/**
 * @module A backend that is a record of what it heard, and of what it is to answer.
 */
import type {
  AttachmentRecord,
  BeginOperation,
  EndCall,
  EndOperation,
  EndedCall,
  EndedOperation,
  InstalledPlugin,
  NetworkStatus,
  PluginStatus,
  RecordLegacyCall,
  ReadStatus,
  SweepNetwork,
} from "../../host/helper/protocol.ts";
import type { ResultFrame } from "../../host/helper/sandbox-protocol.ts";
import type {
  Backend,
  BegunVerb,
  CallBeginning,
  GuestOutcome,
  IpamAnswer,
  IpamVerb,
  PluginCall,
  PluginCallEnded,
} from "../../host/operations/backend.ts";
import type { InvocationInput } from "../../host/operations/invocation.ts";

/** What a fake guest does: an outcome, an error of the call itself, or something that asks for IPAM first. */
export type Guest = GuestOutcome | Error | ((ask: (verb: IpamVerb) => Promise<IpamAnswer>) => Promise<GuestOutcome>);

export interface FakeOptions {
  /** By `type verb`, such as `bridge add`. */
  readonly guests?: Readonly<Record<string, Guest>>;
  /** Calls, as `type verb`, each of which loses its sandbox once. */
  readonly losing?: readonly string[];
  readonly plugins?: Readonly<Record<string, InstalledPlugin | null>>;
  /** Types whose executables may be run. */
  readonly legacy?: readonly string[];
  /** Why calls of executables may not be made, by type. */
  readonly refusesLegacy?: Readonly<Record<string, Error>>;
  readonly attachment?: AttachmentRecord;
  readonly refusals?: readonly string[];
  /** Failures of `end`, or an error of it. */
  readonly end?: readonly string[] | Error;
  readonly begin?: Error;
  /** Plugins of the last ADD. */
  readonly remembered?: Readonly<Record<string, InstalledPlugin>>;
  /** Types whose calls are begun with the verb when that is asked. */
  readonly ahead?: readonly string[];
  /** What `readStatus` says of types, besides that they are installed; an error of it. */
  readonly status?: Readonly<Record<string, Partial<PluginStatus> | null>> | Error;
  /** Generation of the leases. @default "1" */
  readonly leases?: () => string;
  /** Attachments of the network that are not valid. */
  readonly stale?: readonly AttachmentRecord[];
  /** What GC could not remove. */
  readonly remains?: readonly string[];
  /** Why calls, by `type verb`, cannot be ended. */
  readonly closing?: Readonly<Record<string, Error>>;
}

export interface FakeBackend extends Backend {
  readonly begun: BeginOperation[];
  /** Calls that were to be begun with the verb. */
  readonly ahead: CallBeginning[];
  readonly calls: PluginCall[];
  /** What `end-call` was told, by type and verb. */
  readonly endings: [string, Pick<EndCall, "outcome" | "addresses" | "error">][];
  readonly ended: EndOperation[];
  readonly legacyCalls: RecordLegacyCall[];
  readonly asked: ReadStatus[];
  readonly swept: SweepNetwork[];
  /** In order: `begin`, `run …`, `close …` and `end`. */
  readonly order: string[];
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
    early: false,
    limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 1, logBytes: 1, resultBytes: 1 },
    cniVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
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
  scope: "",
  netns: "/run/netns/x",
  cniVersion: "1.0.0",
  configuration: "{}",
  args: [],
  runtimeConfig: "{}",
  digests: {},
  legacy: [],
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
  const losing = new Set(options.losing);
  const calls: PluginCall[] = [];
  const begun: BeginOperation[] = [];
  const ended: EndOperation[] = [];
  const ahead: CallBeginning[] = [];
  const asked: ReadStatus[] = [];
  const swept: SweepNetwork[] = [];
  const order: string[] = [];
  const legacyCalls: RecordLegacyCall[] = [];
  const endings: FakeBackend["endings"] = [];
  return {
    calls,
    begun,
    ended,
    asked,
    swept,
    endings,
    ahead,
    order,
    legacyCalls,
    remembered: (type) => options.remembered?.[type],
    async begin(operation, wanted): Promise<BegunVerb> {
      begun.push(operation);
      ahead.push(...wanted);
      order.push("begin");
      if (options.begin !== undefined) throw options.begin;
      return {
        operationId: operation.operationId,
        ahead: wanted.filter(({ plugin: { type } }) => options.ahead?.includes(type)),
        plugins: options.plugins ?? PLUGINS,
        legacy: options.legacy ?? [],
        attachment: options.attachment ?? null,
        namespacePresent: true,
      };
    },
    async call(call): Promise<PluginCallEnded> {
      calls.push(call);
      const name = `${call.plugin.type} ${call.verb}`;
      order.push(`run ${name}`);
      // A guest says nothing in the moment in which it starts.
      const { promise: given, resolve: give } = Promise.withResolvers<IpamAnswer>();
      call.onRun(give);
      let tookIpam = false;
      const ask: PluginCall["onIpam"] = (verb) => {
        if (verb !== "add" || tookIpam || call.earlyIpam === undefined) return call.onIpam(verb);
        tookIpam = true;
        return given;
      };
      const isSandboxLost = losing.delete(name);
      const guest: Guest = options.guests?.[name] ?? { ok: defaultAnswer(call) };
      const outcome = isSandboxLost ? { trap: "the sandbox ended" } : await answer(guest, ask);
      // As a sandbox, which waits for what it was told would come.
      if (call.earlyIpam !== undefined) await given;
      await call.beforeEnd({ outcome: outcome as ResultFrame["outcome"], tookIpam });
      endings.push([name, call.conclude(outcome)]);
      order.push(`close ${name}`);
      const closed = close(options, name);
      closed.catch(() => undefined);
      return { outcome, isSandboxLost, closed, log: [], phasesMicroseconds: { guest: 1 } };
    },
    async recordLegacyCall(call): Promise<void> {
      legacyCalls.push(call);
      order.push(`${call.outcome} ${call.type} ${call.verb}`);
      const refusal = options.refusesLegacy?.[call.type];
      if (refusal !== undefined) throw refusal;
    },
    async repairAttachment() {
      return [];
    },
    async listStale() {
      order.push("list");
      return (options.stale ?? []).map(({ containerId, ifname, scope }) => ({ containerId, ifname, scope }));
    },
    async readAttachment({ containerId, ifname }, scope) {
      return options.stale?.find(
        (each) => each.containerId === containerId && each.ifname === ifname && each.scope === scope,
      );
    },
    async sweepNetwork(sweep) {
      swept.push(sweep);
      order.push("sweep");
      return { failures: options.remains ?? [] };
    },
    async readStatus(question): Promise<NetworkStatus> {
      asked.push(question);
      return answerStatus(options, question);
    },
    async end(operation): Promise<EndedOperation> {
      ended.push(operation);
      order.push("end");
      if (options.end instanceof Error) throw options.end;
      return { failures: options.end ?? [], sweepMicroseconds: 2, sweepKernelMicroseconds: 1 };
    },
  };
}

async function answer(guest: Guest, ask: (verb: IpamVerb) => Promise<IpamAnswer>): Promise<GuestOutcome> {
  if (guest instanceof Error) throw guest;
  return typeof guest === "function" ? guest(ask) : guest;
}

function answerStatus(
  { status = {}, leases = () => "1", legacy = [] }: FakeOptions,
  { plugins }: ReadStatus,
): NetworkStatus {
  if (status instanceof Error) throw status;
  const statusOf = (type: string): PluginStatus | null => {
    const change = status[type];
    const found = PLUGINS[type];
    if (change === null || found === undefined || found === null) return null;
    return { plugin: found, grantedAt: "2000-01-01T00:00:00.000Z", missing: [], lost: [], ...change };
  };
  return {
    plugins: Object.fromEntries(plugins.map(({ type }) => [type, statusOf(type)])),
    legacy,
    leases: leases(),
  };
}

/** Answers after others had their turn, as a helper does. */
async function close({ closing, refusals = [] }: FakeOptions, name: string): Promise<EndedCall> {
  await new Promise((resolve) => setImmediate(resolve));
  const failure = closing?.[name];
  if (failure !== undefined) throw failure;
  return { refusals, operations: [] };
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
