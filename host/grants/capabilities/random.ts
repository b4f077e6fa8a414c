/**
 * @module Grant `random`: random bytes.
 */

import { plainCapability } from "../plain-capability.ts";

/** Random bytes. */
export const random = plainCapability("random", ["bytes"], "takes random bytes");
