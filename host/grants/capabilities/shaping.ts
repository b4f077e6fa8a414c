/**
 * @module Grant `shaping`: limits on how fast a container's link may send and receive.
 */

import * as z from "zod";
import { isJsonObject, readKey } from "../../spec/json.ts";
import type { JsonObject, JsonValue } from "../../spec/json.ts";
import { ALLOWED, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import type { CallFacts } from "../facts.ts";

const bits = z.int().min(1);
const rates = z.union([
  z
    .strictObject({ minimumBitsPerSecond: bits, maximumBitsPerSecond: bits })
    .refine(
      ({ minimumBitsPerSecond: least, maximumBitsPerSecond: most }) => least <= most,
      "want minimumBitsPerSecond ≤ maximumBitsPerSecond",
    ),
  z.strictObject({ call: z.literal("bandwidth") }),
]);
/** Rates, both ends included; or those that the network's configuration or the runtime asks for, each with its burst. */
export type RatesReference = z.output<typeof rates>;

const scope = z.strictObject({ rates: z.array(rates).default([]) });
/** Scope of `shaping`. */
export type ShapingScope = z.output<typeof scope>;

const DIRECTIONS = ["ingress", "egress"] as const;
/** Decimal text without sign or leading zero, as long as a number of 64 bits. */
const DECIMAL = /^[1-9]\d{0,19}$/u;

/** Rates of the attachment's link. */
export const shaping = defineCapability<ShapingScope>({
  name: "shaping",
  operations: ["find", "set", "get", "remove"],
  scope,
  covers: (wider, narrower) => narrower.rates.every((inner) => wider.rates.some((outer) => ratesCover(outer, inner))),
  describe: (granted) => [
    `limits how fast the container's link sends and receives: ${granted.rates.map(describeRates).join("; ") || "no rate"}`,
  ],
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "set":
        return decideSet(granted, facts, args[1]);
      case "find":
      case "get":
      case "remove":
        return ALLOWED;
      default:
        return denied(`"shaping" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

function decideSet(granted: ShapingScope, facts: CallFacts, wanted: unknown): Decision {
  for (const direction of DIRECTIONS) {
    const rate = fieldOf(wanted, direction);
    if (rate !== undefined && !granted.rates.some((some) => includes(some, facts, { direction, rate })))
      return denied(
        `"shaping" with ${JSON.stringify(fieldOf(rate, "bitsPerSecond"))} bits per second in "rates" would allow it`,
      );
  }
  return ALLOWED;
}

/** Tells whether a rate is one of those granted. */
function includes(
  granted: RatesReference,
  facts: CallFacts,
  { direction, rate }: { readonly direction: "ingress" | "egress"; readonly rate: unknown },
): boolean {
  const [wanted, burst] = [fieldOf(rate, "bitsPerSecond"), fieldOf(rate, "burstBits")];
  if (typeof wanted !== "string" || typeof burst !== "string") return false;
  if ("call" in granted)
    return sources(facts).some(
      (source) =>
        textOf(readKey(source, `${direction}Rate`)) === wanted &&
        textOf(readKey(source, `${direction}Burst`)) === burst,
    );
  if (!DECIMAL.test(wanted)) return false;
  const number = BigInt(wanted);
  return number >= BigInt(granted.minimumBitsPerSecond) && number <= BigInt(granted.maximumBitsPerSecond);
}

/** Where rates are asked for: by the configuration, and by the runtime. */
function sources({ configuration, runtimeConfig }: CallFacts): readonly JsonObject[] {
  return [configuration, readKey(runtimeConfig, "bandwidth")].filter(
    (each) => each !== undefined && isJsonObject(each),
  );
}

/** Decimal text of a number of the configuration; `undefined`: it has none. What is not given fits nothing. */
function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : undefined;
}

function ratesCover(outer: RatesReference, inner: RatesReference): boolean {
  if ("call" in outer || "call" in inner) return "call" in outer && "call" in inner;
  return (
    outer.minimumBitsPerSecond <= inner.minimumBitsPerSecond && outer.maximumBitsPerSecond >= inner.maximumBitsPerSecond
  );
}

function describeRates(granted: RatesReference): string {
  if ("call" in granted) return "as the network's configuration or the runtime asks for";
  return `${granted.minimumBitsPerSecond} to ${granted.maximumBitsPerSecond} bits per second`;
}
