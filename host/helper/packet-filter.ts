/**
 * @module Which packet filter an operation works by: the one that was asked for; where none was, nftables, or iptables where that is missing.
 *
 * Of the two variants of iptables the machine's own, unless the other one drops what is forwarded and this one does not: then somebody
 * filters with the other one.
 */
import type { Backend } from "../grants/backends.ts";
import { isKernelError, KernelError } from "../kernel/error.ts";
import { droppingChains } from "../kernel/forwarding.ts";
import { dropsByDefault } from "../kernel/iptables/forwarding.ts";
import type { IptablesTarget } from "../kernel/iptables/iptables.ts";
import { hasLegacyTable } from "../kernel/iptables/presence.ts";
import {
  defaultVariant,
  findPrograms,
  isInstalled,
  VARIANTS,
  type IptablesVariant,
} from "../kernel/iptables/programs.ts";
import { TABLE } from "../kernel/frames.ts";
import type { IpFamily } from "../spec/ip.ts";
import type { HelperState, NodeSide } from "./state.ts";

/** The WIT enum `packet-filter`. */
export type PacketFilter = "nftables" | "iptables" | IptablesVariant | "firewalld";
/** By nftables, or by a variant of iptables. */
export type ChosenFilter = "nftables" | IptablesVariant;

/** What a choice is made from. */
export interface FilterWish {
  /** `undefined`: the guest leaves it to the helper. */
  readonly asked: PacketFilter | undefined;
  /** Those that the grant allows. */
  readonly granted: readonly Backend[];
}

const FAMILIES: readonly IpFamily[] = ["ipv4", "ipv6"];

/** Nodes whose nftables was there when it was looked for. */
const withNftables = new WeakSet<NodeSide>();

/**
 * Chooses. At once, unless iptables has to be looked at.
 * @throws {KernelError} ENOSYS, naming what is missing.
 */
export function chooseFilter(
  state: Pick<HelperState, "node">,
  { asked, granted }: FilterWish,
): ChosenFilter | Promise<ChosenFilter> {
  if (asked === "nftables") return "nftables";
  if (asked === "iptables") return chooseVariant(state);
  if (asked === "firewalld")
    throw new KernelError("ENOSYS", "choose a packet filter", "firewalld can forward, and nothing else");
  if (asked !== undefined) {
    findPrograms(asked, "ipv4");
    return asked;
  }
  const why = granted.includes("nftables") ? whyNoNftables(state.node) : "nftables is not granted";
  if (why === undefined) return "nftables";
  if (!granted.includes("iptables"))
    throw new KernelError("ENOSYS", "choose a packet filter", `${why}; nor is iptables granted`);
  if (defaultVariant() === undefined)
    throw new KernelError("ENOSYS", "choose a packet filter", `${why}; nor is there iptables`);
  return chooseVariant(state);
}

/** Gives what of iptables drops what none of its rules accepts, of families. At once where there is nothing to look at. */
export function droppingFilters(
  { node }: Pick<HelperState, "node">,
  families: readonly IpFamily[],
): readonly IptablesTarget[] | Promise<readonly IptablesTarget[]> {
  const byNft = families.filter(
    (family) => whyNoNftables(node) === undefined && droppingChains(node.nftables(), [family]).length > 0,
  );
  const dropping: IptablesTarget[] = byNft.map((family) => ({ variant: "iptables-nft", family }));
  const legacy = families.filter((family) => hasLegacyTable(node.netns, family, "filter"));
  if (legacy.length === 0 || !isInstalled("iptables-legacy")) return dropping;
  return Promise.all(legacy.map((family) => dropsInLegacy(node, family))).then((drops) => [
    ...dropping,
    ...legacy.flatMap((family, index): IptablesTarget[] =>
      drops[index] === true ? [{ variant: "iptables-legacy", family }] : [],
    ),
  ]);
}

/** Says why nftables cannot be used; `undefined`: it can. */
export function whyNoNftables(node: NodeSide): string | undefined {
  if (withNftables.has(node)) return undefined;
  try {
    // Answers about a table that is not there as well; without its part of the kernel there is no answer.
    node.nftables().getTableUse(TABLE);
    withNftables.add(node);
    return undefined;
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return error.message;
  }
}

async function dropsInLegacy(node: NodeSide, family: IpFamily): Promise<boolean> {
  const chain = await node.iptables().readBaseChain({ variant: "iptables-legacy", family }, "FORWARD");
  return dropsByDefault(chain);
}

async function chooseVariant(state: Pick<HelperState, "node">): Promise<IptablesVariant> {
  const own = defaultVariant();
  if (own === undefined) {
    findPrograms("iptables-nft", "ipv4");
    throw new KernelError("ENOSYS", "find iptables", "neither of its variants is installed");
  }
  const other = VARIANTS.find((each) => each !== own);
  if (other === undefined || !isInstalled(other)) return own;
  const dropping = await droppingFilters(state, FAMILIES);
  const drops = (variant: IptablesVariant): boolean => dropping.some((each) => each.variant === variant);
  return drops(other) && !drops(own) ? other : own;
}
