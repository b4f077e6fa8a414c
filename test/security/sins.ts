/**
 * @module The sins of the hostile plugins in `test/guests/fixtures`, and what each is answered with.
 */
import type { Limits } from "../../host/helper/protocol.ts";

/** Short tests: what hangs is ended soon, what floods is ended early. */
export const LIMITS: Partial<Limits> = { deadlineMs: 700, hostCalls: 50, logBytes: 4096, resultBytes: 65_536 };

/** Fixtures whose ADD fails, each with its code and a part of what is said. */
export const SINS = [
  { name: "loop-in-add", code: 103, says: /reached a limit on add: 700 ms/u },
  { name: "loop-at-start", code: 102, says: /did not start.*not ready after/u },
  { name: "memory-bomb", code: 102, says: /trapped on add.*bytes of memory in use/u },
  { name: "deep-recursion", code: 102, says: /trapped on add/u },
  { name: "huge-result", code: 103, says: /a result of \d+ bytes, 65536 permitted/u },
  { name: "invalid-result", code: 102, says: /answered no result/u },
  { name: "wrong-type-result", code: 102, says: /trapped on add/u },
  { name: "host-call-flood", code: 103, says: /50 host calls/u },
  { name: "use-after-drop", code: 102, says: /trapped on add/u },
  { name: "forged-handle", code: 102, says: /trapped on add/u },
  { name: "throws-non-error", code: 102, says: /trapped on add/u },
  {
    name: "ungranted-name",
    code: 101,
    says: /refused: not-permitted.*"node-links" with "cnidaria-sin" in "bridges"/su,
  },
] as const;
