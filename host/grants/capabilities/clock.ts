/**
 * @module Grant `clock`: the time of day.
 */

import { plainCapability } from "../plain-capability.ts";

/** The time of day. */
export const clock = plainCapability("clock", ["now"], "reads the time of day");
