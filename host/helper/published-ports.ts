/**
 * @module What the ledger says of published ports: a row for each port, which reserves it, one for each address of the container, and one for the
 * link that leads there. Reading and writing their undo, and what undoing needs of the kernel.
 */
import { isKernelError } from "../kernel/error.ts";
import {
  describeHostPort,
  removePortLink,
  removeUnusedHostPorts,
  withdrawPorts,
  type HostPort,
  type Publication,
  type TransportProtocol,
} from "../kernel/host-ports.ts";
import { writeSysctl } from "../kernel/sysctl.ts";
import { formatIpAddress, formatIpPrefix, ipEquals, parseIpAddress, parseIpPrefix, type IpPrefix } from "../spec/ip.ts";
import type { Intent, OwnedRow } from "./ledger/records.ts";
import type { HelperState } from "./state.ts";

/** A row for each port that is published: while it is there, nobody else gets the port. */
export const HOST_PORT = "host-port";
/** A row for each address of the container that has ports. */
export const PUBLISHED_ADDRESS = "published-address";
/** A row for the link that leads to the container. */
export const PORT_LINK = "port-link";
/** Kinds of rows, in the order in which they are written. Undone from the last to the first: the packet filter guards as long as a link needs it. */
export const PORT_KINDS = [PUBLISHED_ADDRESS, PORT_LINK, HOST_PORT] as const;

/** The WIT record `published-port`, with the family of its addresses. */
export interface PublishedPort {
  readonly from: HostPort;
  readonly containerAddress: IpPrefix;
  readonly containerPort: number;
}

/** What a row of a kind says. */
type RowOf = Pick<Intent, "kind" | "key" | "undo" | "description">;

/** Makes the row of a port. Its key is the same for whoever wants the port, on whichever address. */
export function portRow({ from, containerAddress, containerPort }: PublishedPort): RowOf {
  const { family, protocol, port, address } = from;
  return {
    kind: HOST_PORT,
    key: keyOfPort(from),
    undo: {
      family,
      protocol,
      port,
      address: address === undefined ? null : formatIpAddress(address),
      containerAddress: formatIpPrefix(containerAddress),
      containerPort,
    },
    description: `${describeHostPort(from)} to ${formatIpAddress(containerAddress.address)} port ${containerPort}`,
  };
}

/** Gives the key that all rows of a port have. */
export function keyOfPort({ family, protocol, port }: HostPort): string {
  return `${family} ${protocol} ${port}`;
}

/** Reads the row of a port. */
export function readPortRow({ undo }: Pick<OwnedRow, "undo">): PublishedPort {
  const { family, protocol, port, address, containerAddress, containerPort } = undo;
  return {
    from: {
      family: family === "ipv6" ? "ipv6" : "ipv4",
      protocol: protocol as TransportProtocol,
      port: Number(port),
      address: typeof address === "string" ? parseIpAddress(address) : undefined,
    },
    containerAddress: parseIpPrefix(String(containerAddress)),
    containerPort: Number(containerPort),
  };
}

/** Tells whether two claims on one port exclude each other: every address includes each. */
export function excludeEachOther({ address: one }: HostPort, { address: other }: HostPort): boolean {
  return one === undefined || other === undefined || ipEquals(one, other);
}

/** Makes the row of an address of the container. */
export function addressRow(address: IpPrefix): RowOf {
  const text = formatIpPrefix(address);
  return {
    kind: PUBLISHED_ADDRESS,
    key: text,
    undo: { address: text },
    description: `published address ${formatIpAddress(address.address)}`,
  };
}

/** Gives what rows of one owner say together. Of what is published, not of how. */
export function publicationOf(rows: readonly OwnedRow[], tag: string): Publication {
  return {
    tag,
    redirections: rows
      .filter(({ kind }) => kind === HOST_PORT)
      .map(readPortRow)
      .map(({ from, containerAddress, containerPort }) => ({
        from,
        to: { address: containerAddress.address, port: containerPort },
      })),
    addresses: rows
      .filter(({ kind }) => kind === PUBLISHED_ADDRESS)
      .map(({ undo }) => parseIpPrefix(String(undo["address"])).address),
    sourceTranslation: "none",
  };
}

/** Undoes the row of a port, or of an address. */
export function undoPublication({ node }: HelperState, row: OwnedRow): undefined {
  const nftables = node.nftables();
  withdrawPorts(nftables, publicationOf([row], row.tag));
  if (row.kind === HOST_PORT) forgetFlows({ node }, readPortRow(row));
  else removeUnusedHostPorts(nftables);
}

/** Undoes the row of a link, unless another attachment has one. */
export function undoPortLink({ node, ledger }: HelperState, row: OwnedRow): undefined {
  const { key, undo } = row;
  ledger.transaction(() => {
    // Nobody else can publish meanwhile: that is in a transaction of its own, too.
    if (ledger.findOwned({ kind: PORT_LINK, key, nodeNetnsCookie: node.cookie }, row.id) !== undefined) return;
    const link = node.rtnetlink.getLink({ name: key });
    if (undo["routesLocalnet"] === true && link !== undefined && link.index === undo["index"])
      ignoreAbsent(() => writeSysctl(node.netns, { name: "route_localnet", link: key }, 0));
    removePortLink(node.nftables(), key);
  });
}

function ignoreAbsent(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}

/**
 * Forgets the UDP flows to a port: what goes on would otherwise go where its first packet went. Flows to other machines that have the
 * same port are left alone. Never fails: what the kernel does not forget ends by itself.
 */
export function forgetFlows({ node }: Pick<HelperState, "node">, { from }: PublishedPort): void {
  const { family, protocol, port, address } = from;
  if (protocol !== "udp") return;
  const known = new Map<string, boolean>();
  const isOfNode = (destination: Parameters<typeof formatIpAddress>[0]): boolean => {
    const text = formatIpAddress(destination);
    const isLocal = known.get(text) ?? node.rtnetlink.lookUpRoute(destination)?.local === true;
    known.set(text, isLocal);
    return isLocal;
  };
  try {
    node.conntrack().forget({
      family,
      protocol,
      port,
      isMeant: ({ destination }) => (address === undefined ? isOfNode(destination) : ipEquals(address, destination)),
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
  }
}
