/**
 * @module What is said between host and helper about networks, without any container. Types only.
 */
import type { InstalledPlugin, Scope } from "./protocol.ts";

/** Asks a GC that is open what is stale, or to remove it. */
export interface SweepNetwork {
  readonly operationId: string;
  /** Attachments of the GC's network that are in use. */
  readonly valid: readonly { readonly containerId: string; readonly ifname: string }[];
}

/** An attachment on record that is not valid, in one scope. */
export interface StaleAttachment {
  readonly containerId: string;
  readonly ifname: string;
  readonly scope: Scope;
}

export interface SweptNetwork {
  /** What could not be removed, and stays on record; empty: all is well. */
  readonly failures: readonly string[];
}

/** Asks what is known of a network without any plugin. */
export interface ReadStatus {
  readonly network: string;
  /** Types that ADD would call, IPAM included. */
  readonly plugins: readonly {
    readonly type: string;
    /** Granted capabilities that the network's configuration makes no use of. */
    readonly unused: readonly string[];
  }[];
}

export interface NetworkStatus {
  /** By type; `null`: not installed. */
  readonly plugins: Readonly<Record<string, PluginStatus | null>>;
  /** Of the types that are not installed, those whose executables the operator allows. */
  readonly legacy: readonly string[];
  /** Another text whenever the leases of the network may be others; of one helper. */
  readonly leases: string;
}

export interface PluginStatus {
  readonly plugin: InstalledPlugin;
  /** When it was granted, ISO 8601: another grant may make it answer something else. */
  readonly grantedAt: string;
  /** What its capabilities need and the machine lacks, a line each: ADD cannot be served. */
  readonly missing: readonly string[];
  /** What attachments rely on and is not there any more, a line each: they may be degraded. */
  readonly lost: readonly string[];
}
