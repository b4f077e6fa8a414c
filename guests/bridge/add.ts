/**
 * @module ADD of the plugin `bridge`. The host undoes what is left behind when it fails; the order is that of the reference plugin.
 */
import type { LinkInfo, VethPair } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { CODES, fail, must, type Step, together } from "../sdk/index.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { type Addressing, planAddressing } from "./addressing.ts";
import { type BridgeConfiguration, readBridgeConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** How long IPv6 addresses may be tentative. Source: the reference plugins. */
const SETTLE_TIMEOUT_MS = 5_000;
/** How long the container's end may be without a carrier. Source: the steps of the reference plugin, together. */
const CARRIER_TIMEOUT_MS = 2_550;

/** One ADD: what everything below needs. */
interface Addition {
  readonly imports: BridgeImports;
  readonly configuration: BridgeConfiguration;
  readonly request: Request;
  readonly container: ContainerNamespace;
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
    releaseQuietly(ipam);
    throw caught;
  }
}

/** Has the addresses released after a failure, which stays the error that is reported. The host releases leases in any case. */
function releaseQuietly(ipam: BridgeImports["ipam"]): void {
  try {
    ipam.del();
  } catch {
    // Nothing more can be done here.
  }
}

function useAddresses(addition: Addition, addressing: Addressing): void {
  const { imports, request, container } = addition;
  const { ifname } = request;
  together(imports.batch, [...stepsInContainer(addition, addressing), ...stepsOnNode(addition, addressing)]);
  if (addressing.families.includes("ipv6")) {
    must(`settle the addresses of ${quote(ifname)}`, () =>
      imports.containerAddresses.settle(container, ifname, SETTLE_TIMEOUT_MS),
    );
  }
}

function stepsInContainer(addition: Addition, { addresses, routes }: Addressing): Step[] {
  const { imports, request, container } = addition;
  const { containerAddresses, containerRoutes } = imports;
  const { ifname } = request;
  const link = quote(ifname);
  const steps: Step[] = [
    { what: `give ${link} its addresses`, act: () => containerAddresses.add(container, ifname, [...addresses]) },
    setUp(addition),
  ];
  if (routes.length > 0) {
    const act = (): void => containerRoutes.add(container, ifname, [...routes], "append");
    steps.push({ what: `add routes over ${link}`, act });
  }
  return steps;
}

function stepsOnNode({ imports, configuration, request }: Addition, addressing: Addressing): Step[] {
  const { nodeAddresses, nodeForwarding, masquerade } = imports;
  const { bridge, isGateway, forceAddress, ipMasq, ipMasqBackend } = configuration;
  const { addresses, gatewayAddresses, families } = addressing;
  const steps: Step[] = [];
  if (isGateway) {
    const act = (): void => nodeAddresses.ensure(bridge, [...gatewayAddresses], forceAddress);
    steps.push({ what: `give bridge ${quote(bridge)} the gateway's addresses`, act });
    for (const family of families) steps.push({ what: `forward ${family}`, act: () => nodeForwarding.enable(family) });
  }
  if (ipMasq) {
    const act = (): void => masquerade.set([...addresses], ipMasqBackend);
    steps.push({ what: `masquerade ${quote(request.ifname)}`, act });
  }
  return steps;
}

/** Sets the container's end up, and waits for a carrier: by then the node's end is forwarding, too. */
function setUp({ imports, request: { ifname }, container }: Addition): Step {
  return {
    what: `set ${quote(ifname)} up`,
    act: () => imports.containerLinks.setUp(container, ifname, CARRIER_TIMEOUT_MS),
  };
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
