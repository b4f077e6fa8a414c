/**
 * @module ADD of the plugin `ptp`. The host undoes what is left behind when it fails.
 */
import type { VethPair } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AddressResult, AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { must, type Step, together } from "../sdk/index.ts";
import { type Addressing, planAddressing } from "./addressing.ts";
import { type PtpConfiguration, readPtpConfiguration } from "./configuration.ts";
import type { PtpImports } from "./imports.ts";

/** How long IPv6 addresses may be tentative. Source: the reference plugins. */
const SETTLE_TIMEOUT_MS = 5_000;
/** How long the container's end may be without a carrier: the node's end is up already. */
const CARRIER_TIMEOUT_MS = 2_550;

/** One ADD: what everything below needs. */
interface Addition {
  readonly imports: PtpImports;
  readonly configuration: PtpConfiguration;
  readonly request: Request;
  readonly container: ContainerNamespace;
}

/** Makes the pair, gives the container its addresses, and has the node route them there. */
export function addAttachment(imports: PtpImports, request: Request, container: ContainerNamespace): AttachmentResult {
  const addition: Addition = { imports, configuration: readPtpConfiguration(request), request, container };
  startVeth(addition);
  const given = addressesOf(addition);
  try {
    const addressing = planAddressing(given);
    return resultOf(addition, given, { addressing, links: connect(addition, addressing) });
  } catch (caught) {
    releaseQuietly(imports.ipam);
    throw caught;
  }
}

/** Starts making the pair: the addresses come meanwhile. */
function startVeth({ imports, configuration, request, container }: Addition): void {
  imports.containerLinks.startVeth(container, {
    ifname: request.ifname,
    mtuBytes: configuration.mtuBytes,
    // Nobody else is on the link.
    duplicateAddressDetection: "off",
    announce: false,
  });
}

/** Why the pair could not be made comes before what the IPAM plugin says. */
function addressesOf(addition: Addition): AddressResult {
  try {
    return addition.imports.ipam.add();
  } catch (caught) {
    startedVeth(addition);
    throw caught;
  }
}

function startedVeth({ imports, request: { ifname }, container }: Addition): VethPair {
  return must(`make link ${quote(ifname)}`, () => imports.containerLinks.startedVeth(container));
}

function connect(addition: Addition, addressing: Addressing): VethPair {
  const { imports, request, container } = addition;
  const { ifname } = request;
  const failure = attemptTogether(addition, stepsInContainer(addition, addressing));
  const pair = startedVeth(addition);
  if (failure !== undefined) throw failure.caught;
  if (addressing.families.includes("ipv6")) {
    // A route's source has to be settled.
    must(`settle the addresses of ${quote(ifname)}`, () =>
      imports.containerAddresses.settle(container, ifname, SETTLE_TIMEOUT_MS),
    );
  }
  const steps = [...stepsOfRoutes(addition, addressing), ...stepsOnNode(addition, addressing, pair.node.name)];
  together(imports.batch, steps);
  return pair;
}

/** Does what may fail because the pair could not be made, which is the reason to tell then. */
function attemptTogether({ imports }: Addition, steps: readonly Step[]): { readonly caught: unknown } | undefined {
  try {
    together(imports.batch, steps);
    return undefined;
  } catch (caught) {
    return { caught };
  }
}

function stepsInContainer({ imports, request, container }: Addition, { ips }: Addressing): Step[] {
  const { ifname } = request;
  const addresses = ips.map(({ address }) => address);
  return [
    {
      what: `give ${quote(ifname)} its addresses`,
      act: () => imports.containerAddresses.add(container, ifname, addresses),
    },
    {
      what: `set ${quote(ifname)} up`,
      act: () => imports.containerLinks.setUp(container, ifname, CARRIER_TIMEOUT_MS),
    },
  ];
}

/** The kernel's routes to the subnets go: nobody else is on the link. */
function stepsOfRoutes({ imports, request, container }: Addition, { connected, routes }: Addressing): Step[] {
  const { ifname } = request;
  const { containerRoutes } = imports;
  return [
    {
      what: `delete the kernel's routes over ${quote(ifname)}`,
      act: () => containerRoutes.delete(container, ifname, [...connected]),
    },
    {
      what: `add routes over ${quote(ifname)}`,
      act: () => containerRoutes.add(container, ifname, [...routes], "append"),
    },
  ];
}

function stepsOnNode({ imports, configuration, request }: Addition, addressing: Addressing, node: string): Step[] {
  const { nodeAddresses, nodeForwarding, nodeRoutes, masquerade } = imports;
  const { ips, gateways, families } = addressing;
  const steps: Step[] = [
    ...families.map((family): Step => ({ what: `forward ${family}`, act: () => nodeForwarding.enable(family) })),
    {
      what: `give ${quote(node)} the gateways' addresses`,
      act: () => nodeAddresses.ensure(node, [...gateways], false),
    },
    {
      what: `route the container's addresses over ${quote(node)}`,
      act: () =>
        nodeRoutes.ensure(
          node,
          ips.map(({ address }) => address.address),
        ),
    },
  ];
  const act = (): void =>
    masquerade.set(
      ips.map(({ address }) => address),
      configuration.ipMasqBackend,
    );
  if (configuration.ipMasq) steps.push({ what: `masquerade ${quote(request.ifname)}`, act });
  return steps;
}

/** Has the addresses released after a failure, which stays the error that is reported. The host releases leases in any case. */
function releaseQuietly(ipam: PtpImports["ipam"]): void {
  try {
    ipam.del();
  } catch {
    // Nothing more can be done here.
  }
}

function resultOf(
  { request, configuration }: Addition,
  given: AddressResult,
  { addressing, links }: { readonly addressing: Addressing; readonly links: VethPair },
): AttachmentResult {
  const { node, container } = links;
  return {
    interfaces: [
      { name: node.name, mac: node.mac },
      { name: container.name, mac: container.mac, sandbox: request.netns },
    ],
    ips: [...addressing.ips],
    routes: given.routes,
    dns: configuration.dns ?? given.dns,
    extensions: given.extensions,
  };
}
