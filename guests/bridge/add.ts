/**
 * @module ADD of the plugin `bridge`. The host undoes what is left behind when it fails; the order is that of the reference plugin.
 */
import type { LinkInfo, VethPair } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

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
import { CODES, fail, must, type Step, together } from "../sdk/index.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { type Addressing, planAddressing } from "./addressing.ts";
import { type BridgeConfiguration, readBridgeConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** One ADD: what everything below needs. */
interface Addition extends PairAddition {
  readonly imports: BridgeImports;
  readonly configuration: BridgeConfiguration;
}

/** The links of the result. */
interface Links {
  readonly bridge: LinkInfo;
  readonly node: LinkInfo;
  readonly container: LinkInfo;
}

/** Plugs the container into the bridge, and gives it its addresses. */
export function addAttachment(
  imports: BridgeImports,
  request: Request,
  container: ContainerNamespace,
): AttachmentResult {
  const configuration = readBridgeConfiguration(request);
  const addition: Addition = { imports, configuration, request, container };
  const bridge = ensureBridge(addition);
  startVeth(addition);
  if (configuration.macspoofchk) return useGuarded(addition, bridge);
  const addressing = useLink(addition);
  return resultOf(addition, { bridge, ...startedVeth(addition) }, addressing);
}

/** Guards the node's end before the container's is up: nothing is sent before. */
function useGuarded(addition: Addition, bridge: LinkInfo): AttachmentResult {
  const veth = startedVeth(addition);
  const { node, container } = veth;
  const mac = container.mac ?? fail(CODES.internal, `link ${quote(container.name)} has no hardware address`);
  must(`guard port ${quote(node.name)}`, () => addition.imports.spoofGuard.set(node.name, mac));
  return resultOf(addition, { bridge, ...veth }, putToUse(addition));
}

/** Puts the link to use while it is made. Why it could not be made comes before what follows from that. */
function useLink(addition: Addition): Addressing | undefined {
  try {
    return putToUse(addition);
  } catch (caught) {
    startedVeth(addition);
    throw caught;
  }
}

function putToUse(addition: Addition): Addressing | undefined {
  const { imports, configuration } = addition;
  if (configuration.hasIpam) return addAddresses(addition);
  if (!configuration.disableContainerInterface) together(imports.batch, [setUp(addition)]);
  return undefined;
}

function ensureBridge({ imports, configuration }: Addition): LinkInfo {
  const { bridge: name, mtuBytes, promiscMode: promiscuous } = configuration;
  return must(`make bridge ${quote(name)}`, () =>
    imports.nodeLinks.ensureBridge({ name, mtuBytes, vlanFiltering: false, promiscuous }),
  );
}

/** Starts making the pair: what is done with it is planned meanwhile. */
function startVeth({ imports, configuration, request, container }: Addition): void {
  const { bridge, hairpinMode, portIsolation, mtuBytes, mac, detectsDuplicates } = configuration;
  imports.containerLinks.startVeth(container, {
    ifname: request.ifname,
    mtuBytes,
    mac,
    port: { bridge, hairpin: hairpinMode, isolated: portIsolation },
    duplicateAddressDetection: detectsDuplicates ? "enhanced" : "off",
    announce: true,
  });
}

function startedVeth({ imports, configuration: { bridge }, request, container }: Addition): VethPair {
  const made = tolerate(`make link ${quote(request.ifname)} on bridge ${quote(bridge)}`, ["limit-reached"], () =>
    imports.containerLinks.startedVeth(container),
  );
  const details = "a Linux bridge has 1,024 ports: larger nodes use several networks";
  return made ?? fail(CODES.tryAgainLater, `bridge ${quote(bridge)} has no free port`, details);
}

/** Asks the IPAM plugin for addresses and puts them to use; when that fails, has it release them. */
function addAddresses(addition: Addition): Addressing {
  const { ipam } = addition.imports;
  const given = ipam.add();
  try {
    const addressing = planAddressing(addition.configuration, given);
    useAddresses(addition, addressing);
    return addressing;
  } catch (caught) {
    releaseQuietly(addition);
    throw caught;
  }
}

function useAddresses(addition: Addition, addressing: Addressing): void {
  together(addition.imports.batch, [...stepsInContainer(addition, addressing), ...stepsOnNode(addition, addressing)]);
  settle(addition, addressing.families);
}

function stepsInContainer(addition: Addition, { addresses, routes }: Addressing): Step[] {
  const steps = [giveAddresses(addition, addresses), setUp(addition)];
  return routes.length === 0 ? steps : [...steps, addRoutes(addition, routes)];
}

function stepsOnNode(addition: Addition, addressing: Addressing): Step[] {
  const { imports, configuration } = addition;
  const { bridge, isGateway, forceAddress, ipMasq, ipMasqBackend } = configuration;
  const { addresses, gatewayAddresses, families } = addressing;
  const steps: Step[] = [];
  if (isGateway) {
    const act = (): void => imports.nodeAddresses.ensure(bridge, [...gatewayAddresses], forceAddress);
    steps.push({ what: `give bridge ${quote(bridge)} the gateway's addresses`, act }, ...forward(addition, families));
  }
  if (ipMasq) steps.push(masquerade(addition, addresses, ipMasqBackend));
  return steps;
}

function resultOf(
  { request, configuration }: Addition,
  links: Links,
  addressing: Addressing | undefined,
): AttachmentResult {
  const { bridge, node, container } = links;
  return {
    interfaces: [
      { name: bridge.name, mac: bridge.mac },
      { name: node.name, mac: node.mac },
      { name: container.name, mac: container.mac, sandbox: request.netns },
    ],
    ips: [...(addressing?.ips ?? [])],
    routes: [...(addressing?.resultRoutes ?? [])],
    dns: configuration.dns ?? addressing?.dns,
    extensions: addressing?.extensions,
  };
}
