/**
 * @module The IPAM plugin of a call that is run before the caller asks: the two then work at the same time.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import type { IpamAnswer, IpamVerb } from "./backend.ts";
import { answerIpam } from "./ipam.ts";
import type { CallStep, OpenStep } from "./ipam.ts";
import type { Step } from "./plugins.ts";

/** A caller's IPAM plugin. */
export interface Ipam {
  /** Runs its `add` already, where that may be. The caller has begun. */
  readonly start: () => void;
  /** Answers the caller. Never rejects. */
  readonly answer: (verb: IpamVerb) => Promise<IpamAnswer>;
  /** Waits for what was started; addresses that the caller keeps without having asked for them are given back. Never rejects. */
  readonly finish: (isKept: boolean) => Promise<void>;
}

/** Makes the caller's side of its IPAM plugin. Nothing is called yet. */
export function openIpam(open: OpenStep, call: CallStep): Ipam {
  const ask = (verb: IpamVerb): Promise<IpamAnswer> => answerIpam(open, verb, call);
  let early: Promise<IpamAnswer> | undefined;
  let isTaken = false;
  return {
    start: () => {
      const { plugins } = open.chain.begun;
      const find = (type: string) => (Object.hasOwn(plugins, type) ? (plugins[type] ?? undefined) : undefined);
      if (earlyIpamPlugin(open.caller, find) !== undefined) early = ask("add");
    },
    answer: async (verb) => {
      const given = await early;
      if (given === undefined || isTaken || verb !== "add") return ask(verb);
      isTaken = true;
      return given;
    },
    finish: async (isKept) => {
      const given = await early;
      // What a failed call leaves is undone with the verb.
      if (given !== undefined && isKept && !isTaken && "ok" in given) await ask("del");
    },
  };
}

/** Gives the IPAM plugin of a step if its `add` may be run before it is asked for; `undefined`: it may not, or there is none. */
export function earlyIpamPlugin(
  { configuration, plugin, verb, parentCallId }: Step,
  find: (type: string) => InstalledPlugin | undefined,
): InstalledPlugin | undefined {
  const { ipamType } = configuration;
  const mayAsk = verb === "add" && parentCallId === undefined && plugin.capabilities.includes("ipam");
  const found = mayAsk && ipamType !== undefined ? find(ipamType) : undefined;
  return found !== undefined && found.early && found.exports.includes("addresses") ? found : undefined;
}
