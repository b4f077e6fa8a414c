/**
 * @module Grant `log`: lines for the operator, bounded by the grant's limits.
 */

import { plainCapability } from "../plain-capability.ts";

/** Lines for the operator. */
export const log = plainCapability("log", ["write"], "writes lines to the log of its call");
