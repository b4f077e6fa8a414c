/**
 * @module One play of the suite: the world with a backend and some families, and what the cases do in it.
 */
import { expect } from "vitest";
import type { AttachmentRequest, JsonObject } from "../../host/index.ts";
import type { Backend } from "./backends.ts";
import { OTHER_PORT, PORT } from "./place.ts";
import type { Place } from "./place.ts";
import { NOTHING, PROTOCOLS } from "./tasks.ts";
import type { AskTask, Protocol } from "./tasks.ts";
import type { Family, World } from "./world.ts";

/** What a case is given. */
export interface Scene extends World {
  readonly backend: Backend;
  readonly families: readonly Family[];
}

/** A port of the node that is to lead to a container. */
export type Mapping = Readonly<Record<string, string | number>>;

/** Published where a case is not about which. */
export const TCP: Mapping = { hostPort: OTHER_PORT, containerPort: PORT, protocol: "tcp" };
export const UDP: Mapping = { hostPort: OTHER_PORT, containerPort: PORT, protocol: "udp" };

/** How a container is attached. */
export interface AttachOptions {
  /** Number of the network, which has a bridge of its own. @default 1 */
  readonly network?: number;
  /** More keys of `bridge`. */
  readonly bridge?: JsonObject;
  /** Keys of `firewall`, which is in the chain then. */
  readonly firewall?: JsonObject;
  /** Keys of `portmap`, which is in the chain where ports are published. */
  readonly portmap?: JsonObject;
  readonly ports?: readonly Mapping[];
}

/** A container that is attached until it is disposed. */
export interface Attached extends AsyncDisposable {
  readonly place: Place;
  readonly request: AttachmentRequest;
  /** Its address. */
  at(family: Family): string;
  /** Detaches it before its time. */
  detach(): Promise<void>;
}

/** Gives the request that attaches a container. */
export function requestOf({ backend, families }: Scene, place: Place, options: AttachOptions = {}): AttachmentRequest {
  const { network = 1, bridge = {}, firewall, portmap = {}, ports = [] } = options;
  const main = {
    type: "bridge",
    bridge: `pk${network}`,
    isGateway: true,
    // Where bridges are filtered as routers are, a packet to the container's own port is bridged, to where it came from.
    hairpinMode: true,
    ipam: {
      type: "host-local",
      ranges: families.map(({ subnet }) => [{ subnet: subnet(network) }]),
      routes: families.map(({ all }) => ({ dst: all })),
    },
    ...backend.bridge,
    ...bridge,
  };
  const chain = [
    ...(ports.length === 0
      ? []
      : [{ type: "portmap", capabilities: { portMappings: true }, ...backend.portmap, ...portmap }]),
    ...(firewall === undefined ? [] : [{ type: "firewall", ...backend.firewall, ...firewall }]),
  ];
  return {
    network: { cniVersion: "1.0.0", name: `packets${network}`, plugins: [main, ...chain] },
    containerId: place.namespace ?? "",
    netns: `/run/netns/${place.namespace ?? ""}`,
    ifname: "eth0",
    ...(ports.length === 0 ? {} : { runtimeConfig: { portMappings: ports } }),
  };
}

/** Attaches a container. */
export async function attach(scene: Scene, place: Place, options: AttachOptions = {}): Promise<Attached> {
  const request = requestOf(scene, place, options);
  const { host } = scene.subject;
  const { ips } = (await host.add(request)) as { readonly ips: readonly { readonly address: string }[] };
  const addresses = ips.map(({ address }) => address.replace(/\/.*$/u, ""));
  let isThere = true;
  const detach = async (): Promise<void> => {
    if (isThere) await host.del(request);
    isThere = false;
  };
  return {
    place,
    request,
    at: ({ version }) => addresses.find((address) => address.includes(":") === (version === "6")) ?? "",
    detach,
    [Symbol.asyncDispose]: detach,
  };
}

/** Somebody asks, and what the answer must be. */
export interface Question extends Pick<AskTask, "protocol" | "address" | "from" | "source"> {
  readonly who: Place;
  readonly port: number;
  readonly answer: string;
}

/** Longest wait for an answer that must come, in ms: nothing is farther away than two links. */
const PATIENCE_MS = 8000;
/** How long an answer that must not come is waited for, in ms. */
const SILENCE_MS = 400;

/** Has all of them asked at once, and compares the answers. */
export async function expectAnswers(questions: readonly Question[]): Promise<void> {
  const titles = questions.map(
    ({ who, protocol, address, port, source }) =>
      `${who.name}${source === undefined ? "" : ` by ${source}`} asks ${address} ${protocol} ${port}`,
  );
  const answers = await Promise.all(
    questions.map(({ who, answer, ...task }) =>
      who.do({ kind: "ask", waitMs: answer === NOTHING ? SILENCE_MS : PATIENCE_MS, ...task }),
    ),
  );
  const table = (texts: readonly string[]): readonly string[] =>
    titles.map((title, index) => `${title}: ${texts[index]}`);
  expect(table(answers)).toEqual(table(questions.map(({ answer }) => answer)));
}

/** Somebody asks an address on the usual port, over every protocol. `seenAs`: the asker's address as the asked sees it; absent: silence. */
export function everyWay(
  who: Place,
  address: string,
  answer: { readonly by: Place; readonly seenAs: string } | undefined,
): Question[] {
  return PROTOCOLS.map((protocol) => ({ who, protocol, address, port: PORT, answer: textOf(protocol, answer) }));
}

function textOf(protocol: Protocol, answer: { readonly by: Place; readonly seenAs: string } | undefined): string {
  if (answer === undefined) return NOTHING;
  return protocol === "icmp" ? "answered" : `${answer.by.name} ${answer.seenAs}`;
}
