/**
 * @module Makes a complete veth attachment.
 */
import { randomBytes } from "node:crypto";
import { isKernelError } from "../../kernel/error.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { setLinkSysctls } from "../../kernel/sysctl.ts";
import type { LinkSysctlName } from "../../kernel/sysctl.ts";
import { isIfName } from "../../spec/names.ts";
import type { MacAddress } from "../../spec/mac.ts";
import type { ContainerSide } from "../state.ts";
import { aliasOf, groupOf } from "../undo/alias.ts";
import { awaitDeletions } from "../undo/deletions.ts";
import { undoOwned } from "../undo/owned.ts";
import { requireBridge, withoutIpv6 } from "./bridges.ts";
import { linkInfoOf } from "./link-info.ts";
import type { LinkInfo } from "./link-info.ts";
import { noteVeth } from "./noted-veth.ts";
import type { NotedVeth } from "./noted-veth.ts";
import { OperationFailure, containerOf } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** The WIT record `veth-options`. */
export interface VethOptions {
  readonly ifname: string;
  readonly nodeName?: string | undefined;
  readonly mtuBytes?: number | undefined;
  readonly mac?: MacAddress | undefined;
  readonly port?: { readonly bridge: string; readonly hairpin: boolean; readonly isolated: boolean } | undefined;
  readonly duplicateAddressDetection: "kernel-default" | "off" | "enhanced";
  readonly announce: boolean;
}

/** Random names that are tried. Source: the reference plugins' `pkg/ip`. */
const ATTEMPTS = 10;

/** A pair that is to be made. */
interface Plan {
  readonly options: VethOptions;
  readonly nodeName: string;
  readonly bridge: Link | undefined;
  readonly container: ContainerSide;
}

/** Makes the pair, or leaves nothing. */
export async function createVeth(
  context: OperationContext,
  options: VethOptions,
): Promise<{ container: LinkInfo; node: LinkInfo }> {
  const { nodeName, port } = options;
  const container = containerOf(context);
  if (!isIfName(options.ifname) || (nodeName !== undefined && !isIfName(nodeName)))
    throw new OperationFailure("invalid-argument");
  // A pair of the same name may still be going.
  if (context.call.operation.deletions.length > 0) await awaitDeletions(context.call.operation);
  const bridge = port === undefined ? undefined : requireBridge(context, port.bridge, "not-found").link;
  for (let attempt = 1; ; attempt++) {
    const plan: Plan = { options, nodeName: nodeName ?? randomName(), bridge, container };
    try {
      return await createPair(context, plan);
    } catch (error) {
      // Only a random name that is taken is worth another one.
      if (!isKernelError(error, "EEXIST") || nodeName !== undefined || attempt === ATTEMPTS) throw error;
      if (container.rtnetlink.getLink({ name: options.ifname }) !== undefined) throw error;
    }
  }
}

function randomName(): string {
  return `veth${randomBytes(4).toString("hex")}`;
}

async function createPair(context: OperationContext, plan: Plan): Promise<{ container: LinkInfo; node: LinkInfo }> {
  const { call } = context;
  const { options, nodeName } = plan;
  const { id: row, undo } = writeIntent(context, plan);
  try {
    createLinks(context, plan);
    const [inside, outside] = [setUpContainerEnd(plan), setUpNodeEnd(context, plan)];
    noteVeth(context, { id: row, undo: { ...undo, index: outside.index } });
    call.ownedNodeLinks.add(nodeName);
    call.ownedContainerLinks.add(options.ifname);
    call.madeLinks.set(options.ifname, inside.index);
    return { container: linkInfoOf(inside), node: linkInfoOf(outside) };
  } catch (error) {
    await takeBack(context, row);
    throw error;
  }
}

function writeIntent({ state, call }: OperationContext, { options, nodeName, bridge, container }: Plan): NotedVeth {
  const { ifname, port } = options;
  const undo = {
    container: ifname,
    path: container.path,
    cookie: container.netns.cookie.toString(),
    ...(port === undefined ? {} : { bridge: port.bridge }),
    ...(bridge === undefined ? {} : { bridgeIndex: bridge.index }),
  };
  const where = port === undefined ? "" : ` on bridge ${port.bridge}`;
  const id = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: "veth",
    key: nodeName,
    undo,
    description: `veth ${nodeName}${where}, ${ifname} in the container`,
  });
  return { id, undo };
}

/** Deletes what there is of a pair that failed. */
async function takeBack({ state, call }: OperationContext, id: number): Promise<void> {
  const row = state.ledger.owned({ operationId: call.operation.id, kind: "veth" }).find((each) => each.id === id);
  const index = row === undefined ? undefined : undoOwned(state, row);
  if (index !== undefined) call.asyncKernelMicroseconds += await state.node.rtnetlink.deleteLinks([index]);
  state.ledger.forget(id);
}

function createLinks({ state, call }: OperationContext, { options, nodeName, bridge, container }: Plan): void {
  const { ifname, mtuBytes: mtu, mac } = options;
  state.node.rtnetlink.createVeth({
    node: { name: nodeName, masterIndex: bridge?.index, mtu, group: groupOf(call.tag) },
    container: { name: ifname, netns: container.netns, mac, mtu },
  });
}

function setUpContainerEnd({ options, container }: Plan): Link {
  const { ifname, announce } = options;
  const values = detectionOf(options);
  if (values.length > 0) withoutIpv6(() => setLinkSysctls(container.netns, ifname, values));
  if (announce) return container.rtnetlink.setAndGetLink(ifname, { arpNotify: true });
  return present(container.rtnetlink.getLink({ name: ifname }));
}

/** Settings of a link whose addresses are looked for elsewhere as the options say. */
function detectionOf({ duplicateAddressDetection: detection }: VethOptions): (readonly [LinkSysctlName, number])[] {
  if (detection === "kernel-default") return [];
  return detection === "off"
    ? [["accept_dad", 0]]
    : [
        ["accept_dad", 1],
        ["enhanced_dad", 1],
      ];
}

function setUpNodeEnd({ state, call }: OperationContext, { options, nodeName }: Plan): Link {
  const { netns, rtnetlink } = state.node;
  // Before it is up: a router advertisement from the container must not be heard. Source: CVE-2020-10749.
  // Without a bridge the node's end has addresses of its own, which nobody but the container could have.
  const detection = options.port === undefined ? detectionOf(options) : [];
  withoutIpv6(() => setLinkSysctls(netns, nodeName, [["accept_ra", 0], ...detection]));
  const { hairpin = false, isolated = false } = options.port ?? {};
  if (hairpin || isolated) {
    const { index } = present(rtnetlink.getLink({ name: nodeName }));
    rtnetlink.setBridgePort(index, { hairpin, isolated });
  }
  return rtnetlink.setAndGetLink(nodeName, { alias: aliasOf(call.tag), group: 0, up: true });
}

function present(link: Link | undefined): Link {
  if (link === undefined) throw new OperationFailure("not-found", "a link went away while it was made");
  return link;
}
