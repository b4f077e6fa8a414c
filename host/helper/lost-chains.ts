/**
 * @module What attachments of a network rely on in iptables and is not there any more.
 */
import { isKernelError } from "../kernel/error.ts";
import { frameOf, frameRules, IPTABLES_FRAME, thingOf } from "./iptables-things.ts";
import type { Frame, FrameName } from "./iptables-things.ts";
import type { HelperState } from "./state.ts";

/** What each capability has chains for. */
const FRAMES_OF: Readonly<Record<string, readonly FrameName[]>> = {
  masquerade: ["masquerade"],
  "forward-rules": ["forward-rules", "isolation"],
  "host-ports": ["host-ports"],
};

/**
 * Looks for the chains that a capability shares among attachments, for the ways there, and for the rules of one attachment: whoever flushes a chain
 * flushes those of all. One run of a program for each chain's variant and family, none where nothing of the network is in iptables.
 */
export function lostChains(state: HelperState, network: string, capability: string): readonly string[] {
  const { ledger, node } = state;
  const names = FRAMES_OF[capability] ?? [];
  const rows = ledger.shared.usedBy(network, { kind: IPTABLES_FRAME, nodeNetnsCookie: node.cookie });
  return rows.flatMap((row) => {
    const frame = frameOf(row);
    if (row.state !== "ready" || frame === undefined || !names.includes(frame.name)) return [];
    return isWhole(state, network, frame) ? [] : [`${row.description}: flushed, or gone`];
  });
}

function isWhole({ ledger, node }: HelperState, network: string, frame: Frame): boolean {
  const things = ledger.owned({ network, nodeNetnsCookie: node.cookie }).map(thingOf);
  const thing = things.find(
    (each) =>
      each?.frame === frame.name &&
      each.targets.some(({ variant, family }) => variant === frame.variant && family === frame.family),
  );
  const wanted = [...frameRules(frame), ...(thing === undefined ? [] : [thing.rules()])];
  try {
    return node.iptables().firstMissingNow(frame, wanted) === undefined;
  } catch (error) {
    // The program is gone, or does not know the chain: that is no answer that all is there.
    if (isKernelError(error)) return false;
    throw error;
  }
}
