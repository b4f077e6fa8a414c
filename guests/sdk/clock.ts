/**
 * @module Puts `Date` on the `clock` import. Import it for its effect, `import "../sdk/clock.ts"`, in a plugin whose world imports
 * `clock`: without it `Date.now()` and `new Date()` end the instance.
 */
import { now } from "cnidaria:plugin/clock@0.1.0";

const EngineDate = Date;

/** `Date` with the time of the import. */
class ImportedDate extends EngineDate {
  constructor(...parts: ConstructorParameters<typeof Date> | []) {
    if (parts.length === 0) super(nowMs());
    else super(...parts);
  }

  static override now(): number {
    return nowMs();
  }
}

globalThis.Date = ImportedDate as DateConstructor;

/** Reads the time of day, in milliseconds since 1970-01-01T00:00:00Z. */
export function nowMs(): number {
  const { seconds, nanoseconds } = now();
  return seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
}
