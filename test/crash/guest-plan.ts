/**
 * @module What a test tells a sandbox, as a key of the plugin's configuration.
 */

/** The key. Plugins pass over keys that they do not know. */
export const GUEST_PLAN = "x-fault";

/** Where the sandbox ends, or its guest traps; or that the points are to be logged. */
export type GuestPlan = { readonly verb: string; readonly export: string } & (
  | { readonly record: true }
  | {
      readonly record: false;
      readonly point: string;
      readonly occurrence: number;
      readonly victim: "sandbox" | "guest";
    }
);
