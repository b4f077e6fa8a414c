/**
 * @module Starts sandboxes of the plugins that were called last, before they are called: what a runtime executes next is what it executed before.
 */
import { availableParallelism } from "node:os";
import type { HelperClient } from "./helper/client.ts";
import type { Pool } from "./sandbox/pool.ts";

/** What is needed of helper and pool. */
export interface RecentPluginsParts {
  readonly client: Pick<HelperClient, "request">;
  readonly pool: Pick<Pool, "warm">;
}

/** Starts them, as many at a time as there are processors. A sandbox without a call can do nothing. Never rejects. */
export async function warmRecentPlugins({ client, pool }: RecentPluginsParts): Promise<void> {
  try {
    const { plugins } = await client.request("list-recent", {});
    const left = plugins.values();
    const warmNext = async (): Promise<void> => {
      // What is wrong with a plugin is reported where it is called.
      for (const plugin of left) await pool.warm(plugin).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, warmNext));
  } catch {
    // Whoever calls is told what is wrong with the helper.
  }
}
