/**
 * @module The plugin `firewall` over the imports it is given: has the node forward for the addresses of the plugins before it.
 */
import type * as ForwardRules from "cnidaria:plugin/forward-rules@0.1.0";
import type * as Log from "cnidaria:plugin/log@0.1.0";
import type { AttachmentResult, IpAddress, PacketFilter, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { type BatchImports, CODES, fail, must, type PluginExports, type Step, together } from "../sdk/index.ts";
import { addressesEqual } from "../sdk/ip.ts";
import { formatAddress } from "../sdk/ip-text.ts";
import { resultBefore } from "../sdk/results.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { readFirewallConfiguration } from "./configuration.ts";

/** What the plugin calls. */
export interface FirewallImports {
  readonly batch: BatchImports;
  readonly forwardRules: Pick<
    typeof ForwardRules,
    "allow" | "list" | "remove" | "isolate" | "isolationOf" | "obstacles"
  >;
  readonly log: Pick<typeof Log, "write">;
}

/** Binds the plugin to its imports. */
export function createFirewall(imports: FirewallImports): NonNullable<PluginExports["chained"]> {
  return {
    add: (request) => addAttachment(imports, request),
    // Whatever the result was: what is on record of the attachment goes.
    del: () => tolerate("stop forwarding", ["unsupported"], () => imports.forwardRules.remove()),
    check: (request) => checkAttachment(imports, request),
  };
}

function addAttachment({ batch, forwardRules, log }: FirewallImports, request: Request): AttachmentResult {
  const { isolation, packetFilter, zone } = readFirewallConfiguration(request);
  const result = resultBefore(request);
  const addresses = addressesOf(result);
  // Without addresses there is nothing to forward, and nobody to isolate.
  if (addresses.length === 0) return result;
  const steps: Step[] = [
    {
      what: `have ${addresses.map(formatAddress).join(", ")} forwarded`,
      act: () => forwardRules.allow(addresses, packetFilter, zoneFor(packetFilter, zone)),
    },
  ];
  if (isolation !== "open") {
    const bridge = bridgeOf(result);
    const act = (): void =>
      forwardRules.isolate(bridge, isolation, packetFilter === "firewalld" ? undefined : packetFilter);
    steps.push({ what: `isolate bridge ${quote(bridge)}`, act });
  }
  together(batch, steps);
  warnOfObstacles({ forwardRules, log });
  return result;
}

/** Where another packet filter was asked for, a zone means nothing. */
function zoneFor(packetFilter: PacketFilter | undefined, zone: string): string | undefined {
  return packetFilter === undefined || packetFilter === "firewalld" ? zone : undefined;
}

function checkAttachment({ forwardRules, log }: FirewallImports, request: Request): void {
  const { isolation } = readFirewallConfiguration(request);
  const result = resultBefore(request);
  const addresses = addressesOf(result);
  if (addresses.length === 0) return;
  const found = must("list what is forwarded", () => forwardRules.list());
  const missing = addresses.find((address) => !found.some((each) => addressesEqual(each, address)));
  if (missing !== undefined) fail(CODES.internal, `${formatAddress(missing)} is not forwarded`);
  if (isolation !== "open") checkIsolation(forwardRules, bridgeOf(result), isolation);
  warnOfObstacles({ forwardRules, log });
}

function checkIsolation(
  forwardRules: FirewallImports["forwardRules"],
  bridge: string,
  wanted: ForwardRules.Isolation,
): void {
  const found = must(`read the isolation of bridge ${quote(bridge)}`, () => forwardRules.isolationOf(bridge));
  if (found !== wanted) fail(CODES.internal, `bridge ${quote(bridge)} is ${quote(found)}, want ${quote(wanted)}`);
}

/** Says where the node drops what is forwarded here: an `accept` in one chain does not lift a `drop` in another. */
function warnOfObstacles({ forwardRules, log }: Pick<FirewallImports, "forwardRules" | "log">): void {
  for (const chain of must("read the node's policy", () => forwardRules.obstacles()))
    log.write(
      "warn",
      `${chain} drops what none of its rules accepts: forwarding for this container needs a rule there`,
    );
}

/** Every address of the result, whichever interface has it, each once. */
function addressesOf({ ips }: AttachmentResult): IpAddress[] {
  const addresses = ips.map(({ address }) => address.address);
  return addresses.filter((address, index) => addresses.findIndex((each) => addressesEqual(each, address)) === index);
}

/** The bridge is the first interface, as the plugin `bridge` tells it. Source: the reference plugin. */
function bridgeOf({ interfaces: [first] }: AttachmentResult): string {
  if (first === undefined || first.sandbox !== undefined)
    fail(
      CODES.invalidNetworkConfig,
      "ingressPolicy needs a bridge: the first interface of prevResult is none of the node's",
    );
  return first.name;
}
