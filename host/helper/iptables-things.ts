/**
 * @module What the ledger says of things in iptables: rows of attachments, and the chains that they share. Which changes make each of them, undo it, and
 * tell whether it is there. A row names the variant that it was made with: that one undoes it, whatever the network says by then.
 */
import { FORWARD_CHAINS, forwardRules } from "../kernel/iptables/forwarding.ts";
import { portChains, portRules, translationRules } from "../kernel/iptables/host-ports.ts";
import type { IptablesTarget, WantedRules } from "../kernel/iptables/iptables.ts";
import { fingerprintOf, isOwnChain } from "../kernel/iptables/listing.ts";
import { ISOLATION_CHAINS, isolationRules } from "../kernel/iptables/isolation.ts";
import { MASQUERADE_CHAINS, masqueradeRules } from "../kernel/iptables/masquerade.ts";
import type { OwnedRules } from "../kernel/iptables/owned-rules.ts";
import { VARIANTS, type IptablesVariant } from "../kernel/iptables/programs.ts";
import {
  completeShared,
  makeShared,
  mergeTables,
  removeShared,
  type Rule,
  type SharedChain,
  type Step,
  type TableChanges,
  type TableName,
} from "../kernel/iptables/rule-text.ts";
import { parseIpPrefix, type IpFamily } from "../spec/ip.ts";
import type { JsonObject, SharedThing } from "./ledger/records.ts";
import {
  HOST_PORT,
  PUBLISHED_ADDRESS,
  readConditionTexts,
  readPortRow,
  readSourceTranslationText,
} from "./published-ports.ts";

/** Kind of the shared rows of chains that attachments have rules in. */
export const IPTABLES_FRAME = "iptables-frame";
/** Kinds of the rows of attachments. */
export const MASQUERADE_BY_IPTABLES = "masquerade-iptables";
export const FORWARD_BY_IPTABLES = "forward-rules-iptables";

/** What attachments share, by what it is for. */
const FRAMES = {
  masquerade: () => MASQUERADE_CHAINS,
  "forward-rules": () => FORWARD_CHAINS,
  isolation: () => ISOLATION_CHAINS,
  "host-ports": portChains,
} as const satisfies Readonly<Record<string, (family: IpFamily) => readonly SharedChain[]>>;
/** What a frame is for. */
export type FrameName = keyof typeof FRAMES;

/** Which frame. */
export interface Frame extends IptablesTarget {
  readonly name: FrameName;
}

/** Something that a row stands for. */
export interface IptablesThing extends OwnedRules {
  readonly targets: readonly IptablesTarget[];
  readonly frame: FrameName;
}

/** What is told of a thing: a row of the ledger, or one that is about to be written. */
interface RowFacts {
  readonly kind: string;
  readonly tag: string;
  readonly undo: JsonObject;
}

/** Names a rule that carries its owner's tag, in a chain that attachments share. */
export function ruleId(
  { variant, family }: IptablesTarget,
  { table, chain, fingerprint }: { readonly table: TableName; readonly chain: string; readonly fingerprint: string },
): string {
  return `iptables ${variant} ${family} ${table} rule ${chain} ${fingerprint}`;
}

/** Names a chain. */
export function chainId(
  { variant, family }: IptablesTarget,
  { table, chain }: { readonly table: TableName; readonly chain: string },
): string {
  return `iptables ${variant} ${family} ${table} chain ${chain}`;
}

/** Names what a thing is made of. */
export function objectsOfThing({ targets, rules }: IptablesThing): readonly string[] {
  const wanted = rules();
  const { table } = wanted;
  return targets.flatMap((target) =>
    wanted.rules.map(({ chain, words }) =>
      isOwnChain(chain)
        ? chainId(target, { table, chain })
        : ruleId(target, { table, chain, fingerprint: fingerprintOf({ words }) }),
    ),
  );
}

/** Names the chains of a frame. */
export function objectsOfFrame({ name, variant, family }: Frame): readonly string[] {
  return FRAMES[name](family).map((shared) =>
    chainId({ variant, family }, { table: shared.table, chain: shared.name }),
  );
}

/** Reads what a row stands for; `undefined`: nothing of iptables. */
export function thingOf(row: RowFacts): IptablesThing | undefined {
  const { kind, tag, undo } = row;
  const variant = variantIn(undo);
  if (variant === undefined) return undefined;
  if (kind === HOST_PORT) return portThing(row, variant);
  if (typeof undo["address"] !== "string") return undefined;
  const address = parseIpPrefix(undo["address"]);
  const targets = [{ variant, family: address.address.tag }];
  switch (kind) {
    case MASQUERADE_BY_IPTABLES:
      return { targets, frame: "masquerade", ...masqueradeRules({ tag, address }) };
    case FORWARD_BY_IPTABLES:
      return { targets, frame: "forward-rules", ...forwardRules({ tag, address: address.address }) };
    case PUBLISHED_ADDRESS: {
      const sourceTranslation = readSourceTranslationText(undo["sourceTranslation"]);
      return { targets, frame: "host-ports", ...translationRules({ tag, address, sourceTranslation }) };
    }
    default:
      return undefined;
  }
}

function portThing({ tag, undo }: RowFacts, variant: IptablesVariant): IptablesThing {
  const { from, containerAddress, containerPort } = readPortRow({ undo });
  const to = { address: containerAddress.address, port: containerPort };
  const what = { tag, from, to, conditions: readConditionTexts(undo["conditions"]) };
  return { targets: [{ variant, family: from.family }], frame: "host-ports", ...portRules(what) };
}

/** Reads what the shared row of an isolated bridge stands for; `undefined`: it is isolated by nftables. */
export function isolationThing({
  key,
  undo,
}: {
  readonly key: string;
  readonly undo: JsonObject;
}): IptablesThing | undefined {
  const variant = variantIn(undo);
  if (variant === undefined || typeof undo["tag"] !== "string") return undefined;
  const what = { bridge: key, isClosed: undo["isolation"] === "isolated", tag: undo["tag"] };
  const families: readonly IpFamily[] = Array.isArray(undo["families"])
    ? (["ipv4", "ipv6"] as const).filter((family) => (undo["families"] as readonly unknown[]).includes(family))
    : [];
  return { targets: families.map((family) => ({ variant, family })), frame: "isolation", ...isolationRules(what) };
}

/** Makes the shared row of a frame. */
export function frameThing({ name, variant, family }: Frame, operationId: string): SharedThing {
  return {
    operationId,
    kind: IPTABLES_FRAME,
    key: `${name} ${variant} ${family}`,
    undo: { frame: name, variant, family },
    description: `chains of ${variant} for ${name} of ${family}`,
  };
}

/** Reads the shared row of a frame; `undefined`: it is none. */
export function frameOf({ kind, undo }: { readonly kind: string; readonly undo: JsonObject }): Frame | undefined {
  const { frame, family } = undo;
  const variant = variantIn(undo);
  if (kind !== IPTABLES_FRAME || variant === undefined || typeof frame !== "string" || !Object.hasOwn(FRAMES, frame))
    return undefined;
  return { name: frame as FrameName, variant, family: family === "ipv6" ? "ipv6" : "ipv4" };
}

/** Gives what makes a frame that is not there, or what makes sure of one that is. */
export function frameChanges(
  { name, family }: Pick<Frame, "name" | "family">,
  { isNew, place }: { readonly isNew: boolean; readonly place?: ((jump: Rule) => Step) | undefined },
): readonly TableChanges[] {
  return mergeTables(
    FRAMES[name](family).map((shared) => ({
      table: shared.table,
      steps: isNew ? [makeShared(shared, place)] : completeShared(shared, place),
    })),
  );
}

/** Gives what removes a frame, as far as nobody has rules in it. */
export function endOfFrame({ name, family }: Pick<Frame, "name" | "family">): readonly TableChanges[] {
  const chains: readonly SharedChain[] = FRAMES[name](family);
  return mergeTables(chains.toReversed().map((shared) => ({ table: shared.table, steps: [removeShared(shared)] })));
}

/** Gives the rules of a frame that should be there. */
export function frameRules({ name, family }: Pick<Frame, "name" | "family">): readonly WantedRules[] {
  return FRAMES[name](family).map(({ table, jumps, rules }) => ({ table, rules: [...jumps, ...rules] }));
}

function variantIn(undo: JsonObject): IptablesVariant | undefined {
  return VARIANTS.find((each) => each === undo["variant"]);
}
