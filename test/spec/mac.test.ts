import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMac, isMac, parseMac } from "../../host/spec/mac.ts";
import { anyMac } from "./arbitraries.ts";

test.for(["0a:1B:2c:3d:4e:5f", "0a-1b-2c-3d-4e-5f", "0a1b.2c3d.4e5f"])("reads %s", (text) => {
  expect(formatMac(parseMac(text))).toBe("0a:1b:2c:3d:4e:5f");
});

test.for(["", "0a:1b:2c:3d:4e", "0a:1b:2c:3d:4e:5f:60", "0a:1b-2c:3d:4e:5f", "0g:1b:2c:3d:4e:5f", "0a1b2c3d4e5f"])(
  "refuses %j",
  (text) => {
    expect(() => parseMac(text)).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  },
);

test("reads back whatever it writes", () => {
  fc.assert(
    fc.property(anyMac, (mac) => {
      expect(parseMac(formatMac(mac))).toEqual(mac);
      expect(isMac(mac)).toBe(true);
    }),
  );
});

test.for([[[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5, 256]], ["0a:1b:2c:3d:4e:5f"], [null]])(
  "%j is no hardware address",
  ([value]) => {
    expect(isMac(value)).toBe(false);
  },
);
