/**
 * @module kill -9 of the helper at what ptp, sbr and guards of ports write down, or ask of the kernel: a few points of ADD and DEL, each by
 * itself. The next start leaves nothing of an ADD; a DEL that is asked for again finishes.
 */
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { AttachmentRequest } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { until } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { containerSnapshot, snapshot } from "../support/snapshot.ts";
import { buildCrashBundles } from "./bundles.ts";
import { pointReached, removePlan, writePlan } from "./plan.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, delAgain, requestOf } from "./stage.ts";

type Verb = "add" | "del";

await buildCrashBundles();
const stage = await createStage(["bridge", "ptp", "sbr", "host-local"]);
const { stateDir } = stage;
afterAll(() => stage[Symbol.asyncDispose]());

const ipam = { type: "host-local", subnet: "10.86.0.0/24", routes: [{ dst: "0.0.0.0/0" }] };
const BRIDGE: JsonObject = { type: "bridge", bridge: "routed0", isGateway: true, ipam };
const CHAINS: Readonly<Record<string, readonly JsonObject[]>> = {
  ptp: [{ type: "ptp", ipMasq: true, ipMasqBackend: "nftables", ipam }],
  sbr: [BRIDGE, { type: "sbr" }],
  guard: [{ ...BRIDGE, macspoofchk: true }],
};

const requestFor = (chain: string, container: TestContainer): AttachmentRequest =>
  requestOf(container, { cniVersion: "1.1.0", name: "routed", plugins: CHAINS[chain] ?? [] });

/** A point as plans have it, and which of that name, from 0. */
type Place = readonly [point: string, occurrence: number];

const SCENES: Readonly<Record<string, Readonly<Record<Verb, readonly Place[]>>>> = {
  ptp: {
    add: [
      ["kernel.change:after RTM_DELROUTE", 0],
      ["ledger.done:before", 3],
      ["kernel.change:before RTM_NEWROUTE", 3],
      ["kernel.change:after RTM_NEWROUTE", 3],
      ["ledger.intent:after", 2],
    ],
    del: [
      ["kernel.change-together:after NFT_MSG_DELSETELEM", 0],
      ["helper.undo:before veth", 0],
      ["helper.link-deletion:after", 0],
    ],
  },
  sbr: {
    add: [
      ["kernel.change:after RTM_NEWROUTE", 2],
      ["ledger.intent:after", 3],
      ["kernel.change:after RTM_NEWRULE", 0],
      ["kernel.change:after RTM_DELROUTE", 0],
      ["ledger.done:after", 5],
    ],
    del: [
      ["kernel.change:after RTM_DELRULE", 0],
      ["helper.undo:after container-routes", 1],
      ["helper.undo:before container-rules", 0],
    ],
  },
  guard: {
    add: [
      ["ledger.intent:after", 2],
      ["kernel.change-together:before NFT_MSG_NEWSETELEM", 0],
      ["kernel.change-together:after NFT_MSG_NEWSETELEM", 0],
      ["ledger.done:after", 1],
    ],
    del: [
      ["kernel.change-together:before NFT_MSG_DELSETELEM", 0],
      ["kernel.change-together:after NFT_MSG_DELRULE", 0],
      ["helper.undo:after spoof-guard", 0],
    ],
  },
};

const ALL = Object.entries(SCENES).flatMap(([chain, byVerb]) =>
  (["add", "del"] as const).flatMap((verb) =>
    byVerb[verb].map(([point, occurrence]) => ({ chain, verb, point, occurrence })),
  ),
);
/** What is in the namespace, rules included. */
const inside = (container: TestContainer): readonly string[] => [
  ...containerSnapshot(container.id),
  ...container.ip("rule").split("\n"),
];

test.for(ALL)("$chain: $verb leaves nothing when the helper is killed at $point, $occurrence", async (scene) => {
  const { chain, verb, point, occurrence } = scene;
  using container = createContainer();
  const request = requestFor(chain, container);
  const [outside, within] = [await snapshot(), inside(container)];
  const host = await stage.openHost("hooked");
  if (verb === "del") await host.add(request);
  writePlan(stateDir, { id: randomUUID(), gate: "verb", record: false, point, occurrence, act: { kill: "helper" } });
  await host[verb](request).catch(() => undefined);
  expect(pointReached(stateDir)).toBe(point);
  removePlan(stateDir);
  await host.close();
  // The next start.
  const next = await stage.openHost();
  await next.list();
  if (verb === "del") await delAgain(next, request);
  expect(rowsLeft(stateDir)).toEqual([]);
  expect(await snapshot()).toEqual(outside);
  expect(inside(container)).toEqual(within);
  await next.close();
  await until("the end of every process", () => everyProcessOf(stateDir).length === 0);
  expect(locksLeft(stateDir)).toEqual([]);
});
