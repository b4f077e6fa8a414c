/**
 * @module A node in memory that answers the imports of the guests: as much of it as they ask for, without any kernel.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { LinkInfo, VethOptions } from "cnidaria:plugin/container-links@0.1.0";
import type { AddressResult, IpAddress, IpPrefix } from "cnidaria:plugin/types@0.1.0";

import { addressBits } from "../../../guests/sdk/ip.ts";
import { formatPrefix } from "../../../guests/sdk/ip-text.ts";
import { ImportFailure } from "../fakes.ts";
import type { TestImports } from "../instantiate.ts";
import { cidr } from "../requests.ts";
import { SimulatedFilter } from "./simulated-filter.ts";
import { SimulatedLeases } from "./simulated-leases.ts";
import { SimulatedPorts } from "./simulated-ports.ts";
import { SimulatedShaping } from "./simulated-shaping.ts";
import { SimulatedRules } from "./simulated-rules.ts";
import { SimulatedTuning } from "./simulated-tuning.ts";

/** Whose call it is. */
export interface Owner {
  readonly containerId: string;
  readonly ifname: string;
}

interface Link {
  readonly info: LinkInfo;
  readonly owner: string;
  addresses: IpPrefix[];
  routes: Route[];
}

const LINK = {
  mtuBytes: 1500,
  operationalState: "up",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
} as const;

/** The node, with one container. */
export class SimulatedNode {
  /** Gives what was started, or throws why it failed. */
  #started: () => unknown = () => {
    throw new Error("nothing was started");
  };
  #node = new Map<string, Link>();
  #container = new Map<string, Link>();
  readonly #filter = new SimulatedFilter();
  readonly #ports = new SimulatedPorts();
  readonly #shaping = new SimulatedShaping();
  readonly #leases = new SimulatedLeases();
  readonly #rules = new SimulatedRules();
  readonly #tuning = new SimulatedTuning((name) => find(this.#container, name, "not-found").info);
  #nextIndex = 2;

  /** `given`: links that the container has, whoever made them. */
  constructor(given: readonly string[] = []) {
    const lo: LinkInfo = { ...LINK, name: "lo", index: 1, kind: "", up: false, operationalState: "unknown" };
    this.#container.set("lo", { info: lo, owner: "", addresses: [cidr("127.0.0.1/8"), cidr("::1/128")], routes: [] });
    for (const name of given) this.#addLink(this.#container, { name, kind: "veth", owner: "" });
  }

  /** Everything that is there. */
  inventory(): string[] {
    const lines = [
      ...this.#linesOf("node", this.#node),
      ...this.#linesOf("container", this.#container),
      ...this.#filter.inventory(),
      ...this.#ports.inventory(),
      ...this.#shaping.inventory(),
      ...this.#rules.inventory(),
      ...this.#tuning.inventory(),
      ...this.#leases.inventory(),
    ];
    return lines.toSorted();
  }

  /** What the host does around an ADD: gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone([this.#node, this.#container] as const);
    const undoes = [
      this.#filter.remember(),
      this.#ports.remember(),
      this.#shaping.remember(),
      this.#rules.remember(),
      this.#tuning.remember(),
    ];
    return () => {
      [this.#node, this.#container] = state;
      for (const undo of undoes) undo();
    };
  }

  /** What the kernel and the host do when the namespace goes: links of the container go, and bridges that nobody uses. */
  endNamespace(): void {
    this.#tuning.putBack();
    this.#rules.putBack();
    for (const [name, { info, owner }] of this.#container) {
      if (name === "lo") this.#setUp(this.#container, "lo", false);
      else if (owner !== "") this.#deletePair(info);
    }
    this.sweep();
  }

  /** What the host does after DEL: what the attachment replaced is put back, and bridges without a port go. */
  sweep(owner?: Owner): void {
    if (owner !== undefined) {
      const key = `${owner.containerId} ${owner.ifname}`;
      this.#tuning.putBack(key);
      this.#rules.putBack(key);
    }
    for (const [name, { info }] of this.#node) {
      const isUsed = [...this.#node.values()].some((each) => each.info.masterIndex === info.index);
      if (info.kind === "bridge" && !isUsed) this.#node.delete(name);
    }
  }

  /** Names of the links that an attachment made. */
  ownedBy({ containerId, ifname }: Owner): {
    ownedNodeLinks: ReadonlySet<string>;
    ownedContainerLinks: ReadonlySet<string>;
  } {
    const namesIn = (links: ReadonlyMap<string, Link>): Set<string> =>
      new Set([...links].filter(([, { owner }]) => owner === `${containerId} ${ifname}`).map(([name]) => name));
    return { ownedNodeLinks: namesIn(this.#node), ownedContainerLinks: namesIn(this.#container) };
  }

  /** Answers the imports of one call. `ipam`: the IPAM plugin of the call's network. */
  importsFor(owner: Owner, ipam: Readonly<Record<string, unknown>>): TestImports {
    const key = `${owner.containerId} ${owner.ifname}`;
    return {
      ipam,
      "container-links": this.#containerLinks(key),
      "container-addresses": this.#containerAddresses(),
      "container-routes": this.#containerRoutes(),
      "container-rules": this.#rules.importsFor(key),
      ...this.#tuning.importsFor(key),
      "node-links": this.#nodeLinks(),
      "node-addresses": this.#nodeAddresses(),
      "node-routes": this.#nodeRoutes(),
      "node-forwarding": { enable: () => undefined },
      ...this.#filter.importsFor(key),
      "host-ports": this.#ports.importsFor(key),
      shaping: this.#shaping.importsFor(key, { ...LINK, name: "", index: 99, kind: "veth", up: true }),
      "spoof-guard": { set: () => undefined, get: () => undefined, remove: () => undefined },
      log: { write: () => undefined },
      leases: this.#leases.importsFor(key),
      "resolver-file": { read: (): AddressResult["dns"] => ({ nameservers: ["192.0.2.53"], search: [], options: [] }) },
    };
  }

  #containerLinks(owner: string): Readonly<Record<string, unknown>> {
    return {
      createVeth: (_container: unknown, options: VethOptions) => this.#createVeth(owner, options),
      startVeth: (_container: unknown, options: VethOptions) => {
        this.#started = capture(() => this.#createVeth(owner, options));
      },
      startedVeth: () => this.#started(),
      get: (_container: unknown, name: string) => find(this.#container, name, "not-found").info,
      setUp: (_container: unknown, name: string) => this.#setUp(this.#container, name, true),
      setDown: (_container: unknown, name: string) => this.#setUp(this.#container, name, false),
      delete: (_container: unknown, name: string) => {
        const link = find(this.#container, name, "not-found");
        if (link.owner !== owner) throw new ImportFailure("not-permitted");
        this.#deletePair(link.info);
      },
    };
  }

  #containerAddresses(): Readonly<Record<string, unknown>> {
    return {
      add: (_container: unknown, name: string, addresses: IpPrefix[]) =>
        find(this.#container, name, "not-found").addresses.push(...addresses),
      list: (_container: unknown, name: string) =>
        find(this.#container, name, "not-found").addresses.map((address) => ({
          address,
          tentative: false,
          duplicate: false,
        })),
      settle: () => undefined,
    };
  }

  #containerRoutes(): Readonly<Record<string, unknown>> {
    return {
      add: (_container: unknown, name: string, routes: Route[]) =>
        find(this.#container, name, "not-found").routes.push(...routes),
      list: (_container: unknown, name: string, family: string) =>
        find(this.#container, name, "not-found").routes.filter(({ destination }) => destination.address.tag === family),
      delete: (_container: unknown, name: string, routes: Route[]) => {
        const link = find(this.#container, name, "not-found");
        const isMeant = ({ destination }: Route): boolean =>
          routes.some((each) => formatPrefix(each.destination) === formatPrefix(destination));
        link.routes = link.routes.filter((route) => !isMeant(route));
      },
    };
  }

  #nodeLinks(): Readonly<Record<string, unknown>> {
    return {
      ensureBridge: ({ name }: { name: string }) => {
        const there = this.#node.get(name);
        if (there !== undefined) return there.info;
        return this.#addLink(this.#node, { name, kind: "bridge", owner: "network" }).info;
      },
      get: (name: string) => find(this.#node, name, "not-permitted").info,
    };
  }

  #nodeAddresses(): Readonly<Record<string, unknown>> {
    return {
      ensure: (name: string, addresses: IpPrefix[]) => {
        const link = find(this.#node, name, "not-permitted");
        const texts = new Set(link.addresses.map(formatPrefix));
        link.addresses.push(...addresses.filter((address) => !texts.has(formatPrefix(address))));
      },
      list: (name: string) => find(this.#node, name, "not-permitted").addresses,
    };
  }

  #nodeRoutes(): Readonly<Record<string, unknown>> {
    const destinationOf = (address: IpAddress): IpPrefix => ({ address, prefixLength: addressBits(address.tag) });
    return {
      ensure: (name: string, addresses: IpAddress[]) =>
        find(this.#node, name, "not-permitted").routes.push(
          ...addresses.map((each) => ({ destination: destinationOf(each) })),
        ),
      list: (name: string) => find(this.#node, name, "not-permitted").routes.map(({ destination }) => destination),
    };
  }

  #createVeth(owner: string, { ifname, port }: VethOptions): { container: LinkInfo; node: LinkInfo } {
    if (this.#container.has(ifname)) throw new ImportFailure("already-exists");
    const masterIndex = port === undefined ? undefined : find(this.#node, port.bridge, "not-found").info.index;
    const container = this.#addLink(this.#container, { name: ifname, kind: "veth", owner }).info;
    const node = this.#addLink(this.#node, { name: `veth${this.#nextIndex}`, kind: "veth", owner }).info;
    Object.assign(container, { peerIndex: node.index });
    Object.assign(node, { peerIndex: container.index, masterIndex, up: true });
    return { container, node };
  }

  #addLink(links: Map<string, Link>, { name, kind, owner }: { name: string; kind: string; owner: string }): Link {
    const index = this.#nextIndex++;
    const link: Link = {
      info: { ...LINK, name, kind, index, mac: [2, 0, 0, 0, 0, index], up: false },
      owner,
      addresses: [],
      routes: [],
    };
    links.set(name, link);
    return link;
  }

  #deletePair({ name, peerIndex }: LinkInfo): void {
    this.#container.delete(name);
    for (const [other, { info }] of this.#node) if (info.index === peerIndex) this.#node.delete(other);
  }

  #setUp(links: Map<string, Link>, name: string, up: boolean): void {
    Object.assign(find(links, name, "not-found").info, { up });
  }

  #linesOf(side: string, links: ReadonlyMap<string, Link>): string[] {
    return [...links].flatMap(([name, { info, addresses, routes }]) => {
      // Its own name is random, so that a line tells only that it is there.
      const shown = side === "node" && info.kind === "veth" ? "veth" : name;
      const mtu = info.mtuBytes === LINK.mtuBytes ? "" : ` mtu ${info.mtuBytes}`;
      const line = `${side} link ${shown}${info.up ? " up" : ""}${mtu}`;
      return [
        line,
        ...addresses.map((each) => `${line} ${formatPrefix(each)}`),
        ...routes.map((each) => `${line} to ${formatPrefix(each.destination)}`),
      ];
    });
  }
}

function find(links: ReadonlyMap<string, Link>, name: string, errorCase: string): Link {
  const link = links.get(name);
  if (link === undefined) throw new ImportFailure(errorCase);
  return link;
}

/** Does something now, and gives or throws later what came of it. */
function capture<Value>(act: () => Value): () => Value {
  try {
    const value = act();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
