/**
 * @module What attachments of a network rely on in iptables and is not there any more.
 */
import { isKernelError } from "../kernel/error.ts";
import type { IptablesTarget } from "../kernel/iptables/iptables.ts";
import { partsThere, type IptablesPart } from "./iptables-parts.ts";
import {
  FORWARD_BY_IPTABLES,
  frameOf,
  frameRules,
  IPTABLES_FRAME,
  MASQUERADE_BY_IPTABLES,
  thingOf,
} from "./iptables-things.ts";
import type { Frame, FrameName, IptablesThing } from "./iptables-things.ts";
import type { OwnedRow, SharedRow } from "./ledger/records.ts";
import { HOST_PORT } from "./published-ports.ts";
import type { HelperState } from "./state.ts";

/** The capability that has each frame, and the kind of the attachments' rows with rules in it; `undefined`: a shared row has those. */
const USES: Readonly<Record<FrameName, { readonly capability: string; readonly kind: string | undefined }>> = {
  masquerade: { capability: "masquerade", kind: MASQUERADE_BY_IPTABLES },
  "forward-rules": { capability: "forward-rules", kind: FORWARD_BY_IPTABLES },
  isolation: { capability: "forward-rules", kind: undefined },
  "host-ports": { capability: "host-ports", kind: HOST_PORT },
};

/** Something lost. */
export interface LostChains {
  /** What they were for. */
  readonly capability: string;
  /** For people. */
  readonly text: string;
}

/** What a network relies on, and whose word that is. */
interface Reliance extends IptablesPart {
  readonly row: SharedRow;
  readonly frame: Frame;
  /** Of an attachment. */
  readonly example: OwnedRow | undefined;
}

/**
 * Looks for the chains that attachments share, for the ways there, and for the rules of one attachment: whoever flushes a chain flushes those
 * of all. One run of a program for each variant and family, none where nothing of the network is in iptables.
 */
export async function lostChains(state: HelperState, network: string): Promise<readonly LostChains[]> {
  const groups = Map.groupBy(reliances(state, network), ({ frame: { variant, family } }) => `${variant} ${family}`);
  const lost: Reliance[] = [];
  for (const group of groups.values()) lost.push(...(await lostOf(state, group)));
  if (lost.length === 0) return [];
  // Other operations went on meanwhile: what the network does not rely on any more may be gone.
  const still = new Set(reliances(state, network).map(nameOf));
  return lost
    .filter((each) => still.has(nameOf(each)))
    .map(({ row, frame }) => ({
      capability: USES[frame.name].capability,
      text: `${row.description}: flushed, or gone`,
    }));
}

function reliances({ ledger, node }: HelperState, network: string): Reliance[] {
  const { cookie: nodeNetnsCookie } = node;
  const rows = ledger.shared.usedBy(network, { kind: IPTABLES_FRAME, nodeNetnsCookie });
  return rows.flatMap((row): Reliance[] => {
    const frame = frameOf(row);
    if (row.state !== "ready" || frame === undefined) return [];
    const { kind } = USES[frame.name];
    const made = kind === undefined ? [] : ledger.owned({ network, kind, nodeNetnsCookie });
    // What is about to be made need not be there yet.
    const example = made.find((each) => each.state === "done" && isIn(thingOf(each), frame));
    const thing = example === undefined ? undefined : thingOf(example);
    return [{ row, frame, example, wanted: [...frameRules(frame), ...(thing === undefined ? [] : [thing.rules()])] }];
  });
}

function isIn(thing: IptablesThing | undefined, { variant, family }: IptablesTarget): boolean {
  return thing?.targets.some((target) => target.variant === variant && target.family === family) === true;
}

function nameOf({ row, example }: Reliance): string {
  return `${row.id} ${example?.id}`;
}

async function lostOf({ node }: HelperState, parts: readonly Reliance[]): Promise<readonly Reliance[]> {
  const [first] = parts;
  if (first === undefined) return [];
  try {
    const there = await partsThere(node.iptables(), first.frame, { parts, ways: [] });
    return parts.filter((part) => !there.includes(part));
  } catch (error) {
    // The program is gone, or does not know the chain: that is no answer that all is there.
    if (isKernelError(error)) return parts;
    throw error;
  }
}
