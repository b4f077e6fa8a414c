import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { withCustomSection } from "../../guests/wasm-bytes.ts";
import { readChecksum } from "../../host/components/checksum.ts";

const withChecksum = (bytes: Buffer): Buffer =>
  withCustomSection(bytes, "cnidaria:sha256", createHash("sha256").update(bytes).digest());
const component = Buffer.from("0061736d0d000100", "hex");

describe("the checksum of a component", () => {
  test("matches as it was built", () => {
    expect(readChecksum(withChecksum(component))).toBe("matches");
  });

  test("is absent where a tool of another kind built it, and in what is too short", () => {
    for (const bytes of [component, Buffer.alloc(0), Buffer.alloc(49)]) expect(readChecksum(bytes)).toBe("absent");
  });

  test("never matches after any bit was changed, nor after any truncation", () => {
    const whole = withChecksum(component);
    for (let index = 0; index < whole.byteLength * 8; index += 1) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(index >> 3) ^ (1 << (index & 7)), index >> 3);
      expect(readChecksum(changed)).not.toBe("matches");
    }
    for (let length = 0; length < whole.byteLength; length += 1)
      expect(readChecksum(whole.subarray(0, length))).not.toBe("matches");
  });
});
