/**
 * @module What callers of a host give it.
 */
import type { Digest, Limits } from "./helper/protocol.ts";
import type { CniArguments } from "./spec/arguments.ts";
import type { JsonObject } from "./spec/json.ts";

/** One attachment: a container, a network, and the container's link. */
export interface AttachmentRequest {
  /** The network configuration list, as JSON text or its value. A single plugin's configuration is a list of one. */
  readonly network: string | JsonObject;
  readonly containerId: string;
  /** Path of the container's network namespace; `""` on DEL when it is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS, in order. @default [] */
  readonly args?: CniArguments;
  /** Capability arguments, such as `portMappings`. @default {} */
  readonly runtimeConfig?: JsonObject;
  /** Is told the id of the call before anything is done: `log` finds it by that id, also when the call fails. */
  readonly onBegin?: (operationId: string) => void;
  /** Ends the call early: the plugin that runs is killed. ADD is then undone; DEL removes what is owned all the same. */
  readonly signal?: AbortSignal;
  /** Absolute folders of CNI_PATH: where executables of legacy types are searched. @default [] */
  readonly pluginDirs?: readonly string[];
  /** Trace context that is passed on: TRACEPARENT, TRACESTATE, BAGGAGE. @default {} */
  readonly trace?: Readonly<Record<string, string>>;
  /** Id of the living operation that this one is a part of: CNIDARIA_WITHIN, which an executable of ours hands on. */
  readonly within?: string;
  /** CNI_NETNS_OVERRIDE: the namespace may be the plugin's own, as far as a legacy executable is concerned. @default false */
  readonly netnsOverride?: boolean;
}

/** What to check. */
export interface CheckRequest extends AttachmentRequest {
  /** Puts back what is missing or changed, before the plugins look. What is somebody else's by now is left alone. @default false */
  readonly repair?: boolean;
}

/** What `doctor` may change. */
export interface DoctorRequest {
  /** Puts back what is missing or changed, and removes records that are about nobody any more. @default false */
  readonly repair?: boolean;
  /** With `repair`: also removes what carries a tag and no row accounts for. It may be another state directory's. @default false */
  readonly removeUntold?: boolean;
}

/** What a ledger is made anew of, besides what is found. */
export interface RebuildRequest {
  /** Lines of {@link Host.exportLedger}. @default none */
  readonly copy?: Iterable<string> | AsyncIterable<string>;
}

/** A question about a network, and no container. */
export interface StatusRequest extends Pick<AttachmentRequest, "network" | "signal" | "pluginDirs" | "trace"> {
  /** Is told the id of the call if a plugin is run for it; `log` finds it by that id. */
  readonly onBegin?: (operationId: string) => void;
}

/** What GC keeps. */
export interface GcRequest extends StatusRequest {
  /** Attachments of the network that are in use. Everything of others goes; an empty list is all of it. */
  readonly valid: readonly { readonly containerId: string; readonly ifname: string }[];
}

/** What GC of all networks keeps. */
export interface GcAllRequest {
  /** Without a network: of every one. */
  readonly valid: readonly { readonly network?: string; readonly containerId: string; readonly ifname: string }[];
  readonly pluginDirs?: readonly string[];
}

/** Which attachment of a list is asked about. */
export type CachedRequest = Pick<AttachmentRequest, "network" | "containerId" | "ifname">;

/** What a call of one plugin has in common with one of a list. */
type CallSurroundings = Pick<
  AttachmentRequest,
  "containerId" | "netns" | "ifname" | "onBegin" | "signal" | "pluginDirs" | "trace" | "within" | "netnsOverride"
>;

/** One call of the exec protocol. `signal`: whoever called is gone. */
export interface ExecRequest extends CallSurroundings {
  readonly command: string;
  /** Type of the plugin that is called. */
  readonly type: string;
  /** CNI_ARGS as given. */
  readonly args: string;
  /** stdin as given. */
  readonly configuration: string;
}

/** What to install. */
export interface InstallRequest {
  /** Bytes of the component. */
  readonly component: Uint8Array;
  /** What the component has to be. @default whatever it is */
  readonly digest?: Digest;
  /** JSON value of the manifest that came beside the component. @default the one inside the component */
  readonly manifest?: JsonObject;
  /** Narrower scopes than the manifest asks for, by capability; one that is missing is not granted. @default all that it asks for */
  readonly capabilities?: JsonObject;
  /** Names of bridges that others made and that it may use, beyond what it asks for. @default none */
  readonly adopt?: readonly string[];
  /** Limits that the operator sets; the others are the manifest's, or the defaults. */
  readonly limits?: Partial<Limits>;
}

/** Filter of the read calls; an absent field matches everything. */
export interface ReadFilter {
  readonly network?: string;
  readonly containerId?: string;
}

/** What to validate. */
export type ValidateRequest = Pick<AttachmentRequest, "network" | "pluginDirs">;
