import { expect, test } from "vitest";
import { CniError } from "../../host/spec/error.ts";
import type { CniErrorKind } from "../../host/spec/error.ts";
import { asUnavailable } from "../../host/spec/unavailable.ts";

test.for<{ kind: CniErrorKind; code: number }>([
  { kind: "helperFailed", code: 50 },
  { kind: "missingFeature", code: 50 },
  { kind: "unknownPlugin", code: 50 },
  { kind: "guestFailed", code: 50 },
  { kind: "tryAgainLater", code: 11 },
  { kind: "invalidNetworkConfig", code: 7 },
  { kind: "incompatibleCniVersion", code: 1 },
  { kind: "pluginUnavailableDegraded", code: 51 },
])("$kind is code $code", ({ kind, code }) => {
  const error = new CniError(kind, "m", { details: "d" });
  expect(asUnavailable(error)).toMatchObject({ code, message: "m", details: "d" });
});

test("a plugin's own code and what is no error of ours pass", () => {
  const own = new CniError("pluginFailed", "m", { code: 120 });
  const mistake = new TypeError("x");
  expect([asUnavailable(own), asUnavailable(mistake)]).toEqual([own, mistake]);
});
