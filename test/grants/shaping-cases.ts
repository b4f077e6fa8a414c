/**
 * @module Operations on rates, allowed and refused, for the test of decide().
 */
import type { Case } from "./decide-cases.ts";

const rate = (bitsPerSecond: unknown, burstBits: unknown = "800000"): object => ({ bitsPerSecond, burstBits });
const CONFIGURED = { configuration: { ingressRate: 500, INGRESSBURST: 600 } };
const FROM_RUNTIME = { configuration: {}, runtimeConfig: { bandwidth: { EgressRate: 700, EgressBurst: 800 } } };

/** What the grant allows: 1 to 100 Mbit/s, and what is asked for. */
export const SHAPING_ALLOWED: readonly Case[] = [
  { why: "finding the link", operation: "shaping.find", args: [] },
  { why: "no rate", operation: "shaping.set", args: ["veth1", {}] },
  {
    why: "rates within the bounds",
    operation: "shaping.set",
    args: ["veth1", { ingress: rate("1000000"), egress: rate("100000000") }],
  },
  {
    why: "what the configuration asks for",
    operation: "shaping.set",
    args: ["veth1", { ingress: rate("500", "600") }],
    facts: CONFIGURED,
  },
  {
    why: "what the runtime asks for",
    operation: "shaping.set",
    args: ["veth1", { egress: rate("700", "800") }],
    facts: FROM_RUNTIME,
  },
  { why: "reading", operation: "shaping.get", args: [] },
  { why: "removing", operation: "shaping.remove", args: [] },
];

/** What it does not, each for one reason. */
export const SHAPING_REFUSED: readonly Case[] = [
  ...[
    { why: "a rate below the bounds", rates: { ingress: rate("999999") } },
    { why: "a rate above the bounds", rates: { egress: rate("100000001") } },
    { why: "one of two rates out of bounds", rates: { ingress: rate("1000000"), egress: rate("1") } },
    { why: "a rate that is no text", rates: { ingress: rate(1_000_000) } },
    { why: "a burst that is no text", rates: { ingress: rate("1000000", 1) } },
    { why: "no number", rates: { ingress: rate("1e6") } },
    { why: "a sign", rates: { ingress: rate("-1000000") } },
    { why: "no rate in a rate", rates: { ingress: {} } },
  ].map(({ why, rates }) => ({ why, operation: "shaping.set", args: ["veth1", rates] })),
  {
    why: "what the configuration asks for in the other direction",
    operation: "shaping.set",
    args: ["veth1", { egress: rate("500", "600") }],
    facts: CONFIGURED,
  },
  {
    why: "what the configuration asks for with another burst",
    operation: "shaping.set",
    args: ["veth1", { ingress: rate("500", "601") }],
    facts: CONFIGURED,
  },
  {
    why: "a rate without a burst, where nothing is asked for",
    operation: "shaping.set",
    args: ["veth1", { ingress: { bitsPerSecond: "5" } }],
    facts: { configuration: {} },
  },
];
