/**
 * @module How much of the faults is tried.
 */

/** What the command line asks for. */
export interface Campaign {
  /** Slices with bounds of their own. */
  readonly isQuick: boolean;
  /** When the matrix, and the model, each stop; in ms. @default when all is played */
  readonly budgetMs?: number | undefined;
}

/** Reads `--quick` and `--minutes N`; gives what else there is. @throws {Error} for minutes that are no positive number. */
export function parseCampaign(args: readonly string[]): {
  readonly campaign: Campaign;
  readonly names: readonly string[];
} {
  const at = args.indexOf("--minutes");
  const minutes = at === -1 ? undefined : Number(args[at + 1]);
  if (minutes !== undefined && !(minutes > 0)) throw new Error("--minutes takes a number above 0, such as 10");
  const names = args.filter((arg, index) => !arg.startsWith("--") && (at === -1 || index !== at + 1));
  return {
    campaign: {
      isQuick: args.includes("--quick"),
      budgetMs: minutes === undefined ? undefined : minutes * MS_PER_MINUTE,
    },
    names,
  };
}

const MS_PER_MINUTE = 60_000;
