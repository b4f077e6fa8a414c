/**
 * @module The WIT record `link-info`, and waiting for a link.
 */
import type { Link } from "../../kernel/rtnetlink.ts";
import type { MacAddress } from "../../spec/mac.ts";

/** The WIT record `link-info`, as JSON: an absent option is a missing key. */
export interface LinkInfo {
  readonly name: string;
  readonly index: number;
  readonly kind: string;
  readonly mac: MacAddress | undefined;
  readonly mtuBytes: number;
  readonly up: boolean;
  readonly operationalState: string;
  readonly promiscuous: boolean;
  readonly allMulticast: boolean;
  readonly transmitQueueLength: number;
  readonly masterIndex: number | undefined;
  readonly peerIndex: number | undefined;
}

/** Gives a link as guests see it: without its alias and group. */
export function linkInfoOf(link: Link): LinkInfo {
  const {
    name,
    index,
    kind,
    mac,
    mtu,
    up,
    operationalState,
    promiscuous,
    allMulticast,
    txQueueLength,
    masterIndex,
    peerIndex,
  } = link;
  return {
    name,
    index,
    kind,
    mac,
    mtuBytes: mtu,
    up,
    operationalState,
    promiscuous,
    allMulticast,
    transmitQueueLength: txQueueLength,
    masterIndex,
    peerIndex,
  };
}

/** Tells whether a link can carry packets; one whose driver does not say can when it is up. Source: IF_OPER_UNKNOWN, linux/if.h. */
export function canCarry({ up, operationalState }: Link): boolean {
  return up && (operationalState === "up" || operationalState === "unknown");
}
