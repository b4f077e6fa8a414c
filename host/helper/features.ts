/**
 * @module What of the kernel a plugin's granted capabilities need, and whether it is there.
 */
import type { Grant } from "../grants/grant.ts";
import { judgeForwarding } from "../kernel/forwarding.ts";
import { judgeIsolation } from "../kernel/isolation.ts";
import { judgeHostPorts } from "../kernel/host-ports.ts";
import { defaultVariant } from "../kernel/iptables/programs.ts";
import { judgeMasquerade } from "../kernel/masquerade.ts";
import { judgeSpoofGuard } from "../kernel/spoof-guard.ts";
import type { Rtnetlink } from "../kernel/rtnetlink.ts";
import type { Shaper } from "../kernel/shaping.ts";
import { frameChanges, type FrameName } from "./iptables-things.ts";
import type { NodeSide } from "./state.ts";

/** A part of the kernel. */
interface Feature {
  /** For people. */
  readonly name: string;
  /** Capability that needs it. */
  readonly capability: keyof Grant["capabilities"];
  /** Whether the grant's scopes make use of it. */
  readonly isNeeded: (grant: Grant) => boolean;
  /** Gives why it is not there; `undefined`: it is. @throws {KernelError} the same. */
  readonly probe: (node: NodeSide) => string | undefined;
  /** What does instead, by iptables, where the grant allows that; `undefined`: nothing does. */
  readonly frame?: FrameName;
}

/** One row for each. None makes anything. */
const FEATURES: readonly Feature[] = [
  {
    name: "links of kind veth",
    capability: "container-links",
    isNeeded: ({ capabilities }) => capabilities["container-links"]?.kinds.includes("veth") === true,
    probe: ({ rtnetlink }) => probeLinks(rtnetlink, "veth"),
  },
  {
    name: "links of kind bridge",
    capability: "node-links",
    isNeeded: ({ capabilities }) => (capabilities["node-links"]?.bridges.length ?? 0) > 0,
    probe: ({ rtnetlink }) => probeLinks(rtnetlink, "bridge"),
  },
  {
    name: "policy routing",
    capability: "container-rules",
    isNeeded: () => true,
    probe: ({ rtnetlink }) =>
      rtnetlink.rules.isSupported("ipv4") ? undefined : "the kernel has no routing policy rules",
  },
  {
    name: "masquerading by nftables",
    capability: "masquerade",
    frame: "masquerade",
    isNeeded: () => true,
    probe: (node) => void judgeMasquerade(node.nftables()),
  },
  {
    name: "forwarding by nftables",
    capability: "forward-rules",
    frame: "forward-rules",
    isNeeded: () => true,
    probe: (node) => void judgeForwarding(node.nftables()),
  },
  {
    name: "isolation of bridges by nftables",
    capability: "forward-rules",
    frame: "isolation",
    isNeeded: ({ capabilities }) => (capabilities["forward-rules"]?.isolation.length ?? 0) > 0,
    probe: (node) => void judgeIsolation(node.nftables()),
  },
  {
    name: "published ports by nftables",
    capability: "host-ports",
    frame: "host-ports",
    isNeeded: () => true,
    probe: (node) => void judgeHostPorts(node.nftables()),
  },
  {
    name: "links of kind ifb",
    capability: "shaping",
    isNeeded: ({ capabilities }) => (capabilities.shaping?.rates.length ?? 0) > 0,
    probe: ({ rtnetlink }) => probeLinks(rtnetlink, "ifb"),
  },
  {
    name: "limits of rates",
    capability: "shaping",
    isNeeded: ({ capabilities }) => (capabilities.shaping?.rates.length ?? 0) > 0,
    probe: (node) => probeShaping(node.shaper()),
  },
  {
    name: "guarding of bridge ports by nftables",
    capability: "spoof-guard",
    isNeeded: () => true,
    probe: (node) => void judgeSpoofGuard(node.nftables()),
  },
  {
    name: "tracking of connections",
    capability: "conntrack",
    isNeeded: () => true,
    probe: (node) => void node.conntrack().forget({ family: "ipv4", protocol: "udp", port: 0, isMeant: () => false }),
  },
];

/** Features that were there when they were looked for: a kernel does not lose them. One that was not may have come since. */
const found = new WeakMap<NodeSide, Set<Feature>>();

/** Lists what a grant needs of the kernel and the kernel lacks, a line each. `unused`: capabilities that this network makes no use of. */
export function missingFeatures(node: NodeSide, grant: Grant, unused: readonly string[]): readonly string[] {
  const known = found.get(node) ?? new Set();
  found.set(node, known);
  return FEATURES.flatMap((feature) => {
    const { name, capability, isNeeded } = feature;
    const isAsked = Object.hasOwn(grant.capabilities, capability) && !unused.includes(capability);
    if (!isAsked || !isNeeded(grant) || known.has(feature)) return [];
    const reason = reasonOf(feature, node, grant);
    if (reason !== undefined) return [`${name}, which ${JSON.stringify(capability)} needs: ${reason}`];
    known.add(feature);
    return [];
  });
}

/** Gives why a feature is not there, by nftables or by iptables; `undefined`: it is. */
function reasonOf({ probe, frame, capability }: Feature, node: NodeSide, grant: Grant): string | undefined {
  const reason = attempt(() => probe(node));
  const scope = grant.capabilities[capability];
  const isAllowed = scope !== undefined && "backends" in scope && scope.backends.includes("iptables");
  if (reason === undefined || frame === undefined || !isAllowed) return reason;
  const instead = attempt(() => probeIptables(node, frame));
  return instead === undefined ? undefined : `${reason}; nor by iptables: ${instead}`;
}

function attempt(probe: () => string | undefined): string | undefined {
  try {
    return probe();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function probeIptables(node: NodeSide, name: FrameName): undefined {
  const variant = defaultVariant() ?? "iptables-nft";
  node.iptables().judgeNow({ variant, family: "ipv4" }, frameChanges({ name, family: "ipv4" }, { isNew: true }));
}

function probeLinks(rtnetlink: Rtnetlink, kind: "bridge" | "ifb" | "veth"): string | undefined {
  return rtnetlink.hasLinkKind(kind) ? undefined : `the kernel knows no links of kind ${kind}`;
}

function probeShaping(shaper: Shaper): string | undefined {
  const missing = shaper.missing();
  return missing.length === 0 ? undefined : `the kernel knows no ${missing.join(", no ")}`;
}
