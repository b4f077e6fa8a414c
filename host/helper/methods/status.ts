/**
 * @module `read-status`: what the helper knows of a network without any plugin. Cheap: runtimes ask every few seconds.
 */
import type { Grant } from "../../grants/grant.ts";
import { hasForwardChain } from "../../kernel/forwarding.ts";
import { hasHostPorts } from "../../kernel/host-ports.ts";
import { hasMasqueradeTable } from "../../kernel/masquerade.ts";
import { hasSpoofGuard } from "../../kernel/spoof-guard.ts";
import { parseNetworkName, parsePluginType } from "../../spec/names.ts";
import { missingFeatures } from "../features.ts";
import { lostChains, type LostChains } from "../lost-chains.ts";
import { tagIn } from "../kinds/kind.ts";
import { isLegacyAllowed } from "../legacy-types.ts";
import { describePlugin, readGrant, readType } from "../plugins.ts";
import { isByIptables } from "../published-ports.ts";
import type { NetworkStatus, PluginStatus, ReadStatus } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { isTagged } from "../undo/alias.ts";

/**
 * Says of each plugin whether it is installed, what it lacks, and what its attachments have lost.
 * @throws {CniError} invalidNetworkConfig for the names; notPermitted when a grant cannot be understood.
 */
export async function readStatus(state: HelperState, { network, plugins }: ReadStatus): Promise<NetworkStatus> {
  parseNetworkName(network);
  const chains = await lostChains(state, network);
  const statuses = plugins.map(
    ({ type, unused }) => [type, pluginStatus(state, network, { type, unused, chains })] as const,
  );
  return {
    plugins: Object.fromEntries(statuses),
    legacy: statuses.flatMap(([type, status]) =>
      status === null && isLegacyAllowed(state.layout, type) ? [type] : [],
    ),
    leases: state.ledger.leases.generation(network),
  };
}

function pluginStatus(
  state: HelperState,
  network: string,
  { type, unused, chains }: ReadStatus["plugins"][number] & { readonly chains: readonly LostChains[] },
): PluginStatus | null {
  const digest = readType(state.layout, parsePluginType(type));
  const grant = digest === undefined ? undefined : readGrant(state.layout, digest);
  if (grant === undefined) return null;
  return {
    plugin: describePlugin(type, grant),
    grantedAt: grant.grantedAt,
    missing: missingFeatures(state.node, grant, unused),
    lost: lostThings(state, network, { grant, unused, chains }),
  };
}

/** Lists what attachments of the network rely on and is not as it was made, as far as the plugin makes such things. */
function lostThings(
  state: HelperState,
  network: string,
  {
    grant,
    unused,
    chains,
  }: { readonly grant: Grant; readonly unused: readonly string[]; readonly chains: readonly LostChains[] },
): readonly string[] {
  const isUsed = (capability: string): boolean =>
    Object.hasOwn(grant.capabilities, capability) && !unused.includes(capability);
  return [
    ...(isUsed("node-links") ? lostBridges(state, network) : []),
    ...(isUsed("masquerade") ? lostFilter(state, network, "masquerade") : []),
    ...(isUsed("forward-rules") ? lostFilter(state, network, "forward-rules") : []),
    ...(isUsed("host-ports") ? lostFilter(state, network, "host-port") : []),
    ...(isUsed("spoof-guard") ? lostFilter(state, network, "spoof-guard") : []),
    ...chains.filter(({ capability }) => isUsed(capability)).map(({ text }) => text),
  ];
}

function lostBridges({ ledger, node }: HelperState, network: string): readonly string[] {
  const bridges = ledger.shared.usedBy(network, { kind: "bridge", nodeNetnsCookie: node.cookie });
  return bridges.flatMap((row) => {
    if (row.state !== "ready") return [];
    const link = node.rtnetlink.getLink({ name: row.key });
    if (link === undefined) return [`bridge ${JSON.stringify(row.key)} is gone`];
    if (link.kind !== "bridge" || !isTagged(link, tagIn(row)))
      return [`${JSON.stringify(row.key)} is not the bridge that was made`];
    return link.up ? [] : [`bridge ${JSON.stringify(row.key)} is down`];
  });
}

/** What an attachment's row of the ledger relies on in the packet filter, by the row's kind. */
const FILTERS = {
  masquerade: { isThere: hasMasqueradeTable, lost: "the table of the packet filter that masquerades is gone" },
  "forward-rules": { isThere: hasForwardChain, lost: "the chain of the packet filter that forwards is gone" },
  "host-port": { isThere: hasHostPorts, lost: "the chains of the packet filter that publish ports are gone" },
  "spoof-guard": { isThere: hasSpoofGuard, lost: "the chains of the packet filter that guard bridge ports are gone" },
} as const;

function lostFilter({ ledger, node }: HelperState, network: string, kind: keyof typeof FILTERS): readonly string[] {
  const { isThere, lost } = FILTERS[kind];
  const nftables = attempt(() => node.nftables());
  // Without the library nothing can be said of it; that it is missing is said elsewhere.
  if (nftables === undefined || isThere(nftables)) return [];
  // Ports that iptables has are rows of the same kind.
  return ledger.owned({ network, kind, nodeNetnsCookie: node.cookie }).some((row) => !isByIptables(row)) ? [lost] : [];
}

function attempt<Value>(open: () => Value): Value | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}
