/**
 * @module The IPAM plugin of a call that is run before the caller asks: the two then work at the same time.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import type { IpamAnswer, IpamVerb } from "./backend.ts";
import { answerIpam } from "./ipam.ts";
import type { CallStep, OpenStep } from "./ipam.ts";
import type { FindPlugin, Step } from "./plugins.ts";

/** A caller's IPAM plugin. */
export interface Ipam {
  /** Runs its `add` already, where that may be, and gives the answer when it is there. The caller has begun. */
  readonly start: (give: (answer: IpamAnswer) => void) => void;
  /** Answers the caller. Never rejects. */
  readonly answer: (verb: IpamVerb) => Promise<IpamAnswer>;
  /** Waits for what was started; addresses of a caller that is kept and did not take them are given back. Never rejects. */
  readonly finish: (caller: { readonly isKept: boolean; readonly isTaken: boolean }) => Promise<void>;
}

/** Makes the caller's side of its IPAM plugin. `isEarly`: its `add` is run unasked. Nothing is called yet. */
export function openIpam({ isEarly, ...open }: OpenStep & { readonly isEarly: boolean }, call: CallStep): Ipam {
  const ask = (verb: IpamVerb): Promise<IpamAnswer> => answerIpam(open, { verb, isEndAwaited: true }, call);
  let early: Promise<IpamAnswer> | undefined;
  return {
    start: (give) => {
      if (!isEarly) return;
      early = answerIpam(open, { verb: "add", isEndAwaited: false }, call);
      void early.then(give);
    },
    answer: ask,
    finish: async ({ isKept, isTaken }) => {
      const given = await early;
      // What a failed call leaves is undone with the verb.
      if (given !== undefined && isKept && !isTaken && "ok" in given) await ask("del");
    },
  };
}

/** Gives the IPAM plugin of a step if its `add` may be run before it is asked for; `undefined`: it may not, or there is none. */
export function earlyIpamPlugin(
  { configuration, plugin, verb, parentCallId }: Step,
  find: FindPlugin,
): InstalledPlugin | undefined {
  const { ipamType } = configuration;
  const mayAsk = verb === "add" && parentCallId === undefined && plugin.capabilities.includes("ipam");
  const found = mayAsk && ipamType !== undefined ? find(ipamType) : undefined;
  return found !== undefined && found.early && found.exports.includes("addresses") ? found : undefined;
}
