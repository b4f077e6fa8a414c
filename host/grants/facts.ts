/**
 * @module What is known about the call that is open: the ground on which decide() judges. Pure data.
 */

import type { IpPrefix } from "../spec/ip.ts";
import type { JsonObject } from "../spec/json.ts";

/** One open call of a plugin, as the helper knows it. */
export interface CallFacts {
  /** `ADD`, `DEL`, `CHECK` or `STATUS`. */
  readonly verb: string;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  /** The request configuration handed to the plugin, parsed. */
  readonly configuration: JsonObject;
  /** The derived capability arguments, parsed. */
  readonly runtimeConfig: JsonObject;
  /** Addresses that the call's IPAM plugin gave, and those of the previous result; host bits are kept. */
  readonly givenAddresses: readonly IpPrefix[];
  /** Names of links on the node that this attachment made. */
  readonly ownedNodeLinks: ReadonlySet<string>;
  /** Names of links in the container that this attachment made. */
  readonly ownedContainerLinks: ReadonlySet<string>;
}
