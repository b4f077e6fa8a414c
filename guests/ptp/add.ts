/**
 * @module ADD of the plugin `ptp`. The host undoes what is left behind when it fails.
 */
import type { VethPair } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AddressResult, AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import {
  addRoutes,
  forward,
  giveAddresses,
  masquerade,
  releaseQuietly,
  setUp,
  settle,
  type Addition as PairAddition,
} from "../sdk/addition.ts";
import { quote } from "../sdk/configuration.ts";
import { must, type Step, together } from "../sdk/index.ts";
import { type Addressing, planAddressing } from "./addressing.ts";
import { type PtpConfiguration, readPtpConfiguration } from "./configuration.ts";
import type { PtpImports } from "./imports.ts";

/** One ADD: what everything below needs. */
interface Addition extends PairAddition {
  readonly imports: PtpImports;
  readonly configuration: PtpConfiguration;
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
    releaseQuietly(addition);
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
  const { imports } = addition;
  const { addresses, families } = addressing;
  const failure = attemptTogether(addition, [giveAddresses(addition, addresses), setUp(addition)]);
  const pair = startedVeth(addition);
  if (failure !== undefined) throw failure.caught;
  settle(addition, families);
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

/** The kernel's routes to the subnets go: nobody else is on the link. */
function stepsOfRoutes(addition: Addition, { connected, routes }: Addressing): Step[] {
  const { imports, request, container } = addition;
  const { ifname } = request;
  const act = (): void => imports.containerRoutes.delete(container, ifname, [...connected]);
  return [{ what: `delete the kernel's routes over ${quote(ifname)}`, act }, addRoutes(addition, routes)];
}

function stepsOnNode(addition: Addition, addressing: Addressing, node: string): Step[] {
  const { imports, configuration } = addition;
  const { nodeAddresses, nodeRoutes } = imports;
  const { addresses, gateways, families } = addressing;
  const steps: Step[] = [
    ...forward(addition, families),
    {
      what: `give ${quote(node)} the gateways' addresses`,
      act: () => nodeAddresses.ensure(node, [...gateways], false),
    },
    {
      what: `route the container's addresses over ${quote(node)}`,
      act: () =>
        nodeRoutes.ensure(
          node,
          addresses.map(({ address }) => address),
        ),
    },
  ];
  if (configuration.ipMasq) steps.push(masquerade(addition, addresses, configuration.ipMasqBackend));
  return steps;
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
