/**
 * @module Plays a scene: a verb, a fault in it, the next start; then looks whether ledger and kernel say the same, and that DEL leaves nothing.
 */
import type { AttachmentRequest } from "../../host/index.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import type { ChainType } from "./chain.ts";
import type { GuestPlan } from "./guest-plan.ts";
import { pointReached, pointsPassed, removePlan, writePlan } from "./plan.ts";
import { gateOf } from "./scenes.ts";
import type { Passed, Scene, SceneVerb } from "./scenes.ts";
import type { Asked } from "./host-process.ts";
import type { Outcome } from "./served-host.ts";
import { insideOf } from "./theatre.ts";
import type { Theatre } from "./theatre.ts";

/** How a scene went. */
export interface Played {
  /** Whether the fault happened: the verb passed the point again. */
  readonly isReached: boolean;
  /** Empty: nothing was left, nothing was lost. */
  readonly problems: readonly string[];
}

type Player = "host" | "served" | "shim";

type Verb = "add" | "del" | "check" | "gc" | "status";
type Attached = Extract<Asked, { readonly verb: Verb }>;

/** Which verb of a host a scene's verb is; `undefined`: a start. */
const VERB_OF: Readonly<Record<SceneVerb, Verb | undefined>> = {
  add: "add",
  del: "del",
  check: "check",
  gc: "gc",
  status: "status",
  start: undefined,
  "add-beside": "add",
  "del-beside": "del",
};
/** Verbs that are played beside another container. */
const WITH_RESIDENT: readonly SceneVerb[] = ["gc", "add-beside", "del-beside"];
const EXPORT_OF: Readonly<Record<ChainType, string>> = {
  bridge: "attachment",
  "host-local": "addresses",
  portmap: "chained",
  firewall: "chained",
  tuning: "attachment",
};
/** Where the helper dies whose remains the start is to recover: everything is made, nothing is kept. */
const BEFORE_START = "ledger.attachment:before";

/** Notes the points that a verb passes when nobody is struck. */
export async function record(theatre: Theatre, verb: SceneVerb, player: Player): Promise<readonly Passed[]> {
  const { stateDir } = theatre;
  await theatre.setResident(WITH_RESIDENT.includes(verb));
  using container = createContainer();
  const planned = await prepare(theatre, verb, container, player);
  writePlan(stateDir, theatre.planOf({ gate: gateOf(verb), record: true } as const));
  await perform(theatre, verb, planned, player);
  const passed = pointsPassed(stateDir);
  removePlan(stateDir);
  await finish(theatre, container, player);
  return passed.map((point) => ({ point }));
}

/** Notes the points that the sandboxes of a verb pass. */
export async function recordGuests(theatre: Theatre, verb: "add" | "del" | "check"): Promise<readonly Passed[]> {
  using container = createContainer();
  await theatre.setResident(false);
  await prepare(theatre, verb, container, "host");
  const types = Object.keys(EXPORT_OF) as ChainType[];
  const plans = Object.fromEntries(types.map((type) => [type, { verb, export: EXPORT_OF[type], record: true }]));
  await theatre.host[verb](theatre.requestOf(container, theatre.network(plans)));
  const rows = await theatre.host.log({ containerId: container.id, limit: 100 });
  await finish(theatre, container, "host");
  return rows.flatMap(({ event, data }) => {
    if (event !== "call") return [];
    const call = JSON.parse(data) as {
      readonly type: ChainType;
      readonly log: readonly { readonly message: string }[];
    };
    return call.log.flatMap(({ message }) =>
      message.startsWith("sandbox.") ? [{ point: message, plugin: call.type }] : [],
    );
  });
}

/** Plays one scene. */
export async function play(theatre: Theatre, scene: Scene): Promise<Played> {
  const { stateDir } = theatre;
  const player = scene.struck === "host" ? "served" : scene.struck === "shim" ? "shim" : "host";
  await theatre.setResident(WITH_RESIDENT.includes(scene.verb));
  using container = createContainer();
  const inside = insideOf(container.id);
  const planned = await prepare(theatre, scene.verb, container, player);
  const request = scene.plugin === undefined ? planned : guestRequest(theatre, container, scene, scene.plugin);
  if (scene.plugin === undefined) plan(theatre, scene);
  const outcome = await perform(theatre, scene.verb, request, player);
  const isReached = scene.plugin === undefined ? pointReached(stateDir) === scene.point : true;
  removePlan(stateDir);
  await startNext(theatre, scene);
  const problems = [...(await judge(theatre, scene, { container, inside, outcome }))];
  await finish(theatre, container, player);
  problems.push(...theatre.differences({ id: container.id, inside }), ...theatre.locks().map((path) => `lock ${path}`));
  return { isReached, problems };
}

function plan(theatre: Theatre, { verb, struck, point, occurrence }: Scene): void {
  if (struck === "guest") throw new Error("unreachable: a guest is struck in its sandbox");
  const act = struck === "kernel" || struck === "ledger" ? { refuse: struck } : { kill: struck };
  writePlan(theatre.stateDir, theatre.planOf({ gate: gateOf(verb), record: false, point, occurrence, act } as const));
}

function guestRequest(
  theatre: Theatre,
  container: TestContainer,
  { verb, struck, point, occurrence }: Scene,
  plugin: ChainType,
): AttachmentRequest {
  const victim = struck === "guest" ? "guest" : "sandbox";
  const own: GuestPlan = { verb, export: EXPORT_OF[plugin], record: false, point, occurrence, victim };
  return theatre.requestOf(container, theatre.network({ [plugin]: own }));
}

/** Brings about what the verb needs: an attachment, or the remains of one. */
async function prepare(
  theatre: Theatre,
  verb: SceneVerb,
  container: TestContainer,
  player: Player,
): Promise<AttachmentRequest> {
  const request = theatre.requestOf(container);
  if (verb === "add" || verb === "add-beside" || verb === "status") return request;
  const attach = async (): Promise<boolean> => {
    if (verb === "start") return leaveRemains(theatre, request);
    const added =
      player === "shim" ? (await theatre.shims()).call("add", request) : outcomeOf(theatre.host.add(request));
    return (await added) === "ok";
  };
  // Sandboxes that the last scene killed when they were idle fail whoever gets them first.
  await until("what the verb needs", async () => {
    if (await attach()) return true;
    await finish(theatre, container, player);
    return false;
  });
  return request;
}

/** Has a helper die when everything is made and nothing is kept; tells whether it did. */
async function leaveRemains(theatre: Theatre, request: AttachmentRequest): Promise<boolean> {
  const [act, point] = [{ kill: "helper" } as const, BEFORE_START];
  writePlan(theatre.stateDir, theatre.planOf({ gate: "verb", record: false, point, occurrence: 0, act } as const));
  await theatre.host.add(request).catch(() => undefined);
  const isDead = pointReached(theatre.stateDir) === point;
  removePlan(theatre.stateDir);
  return isDead;
}

async function perform(
  theatre: Theatre,
  verb: SceneVerb,
  request: AttachmentRequest,
  player: Player,
): Promise<Outcome> {
  const name = VERB_OF[verb];
  if (name === undefined) return outcomeOf(theatre.host.list());
  if (player === "shim" && name !== "gc" && name !== "status") return (await theatre.shims()).call(name, request);
  const asked = askedOf(theatre, name, request);
  if (player === "served") return (await theatre.served()).ask(asked);
  if (asked.verb === "gc") return outcomeOf(theatre.host.gc(asked.request));
  if (asked.verb === "status") return outcomeOf(theatre.host.status(asked.request));
  return outcomeOf(theatre.host[asked.verb](asked.request));
}

function askedOf(theatre: Theatre, verb: Verb, request: AttachmentRequest): Attached {
  const { network } = request;
  const valid = theatre.resident === undefined ? [] : [{ containerId: theatre.resident.id, ifname: "eth0" }];
  if (verb === "gc") return { verb, request: { network, valid } };
  if (verb === "status") return { verb, request: { network } };
  return { verb, request };
}

function outcomeOf(done: Promise<unknown>): Promise<Outcome> {
  return done.then(
    () => "ok" as const,
    () => "error" as const,
  );
}

/** The next start after a death; whatever else was struck, nobody has to start anything. */
async function startNext(theatre: Theatre, { struck }: Scene): Promise<void> {
  if (struck === "host") {
    await theatre.servedIsGone();
    await theatre.served();
  } else if (struck === "shim") {
    // The warm host ends what nobody waits for any more.
    await until("the end of the call", () => theatre.locks().length === 0 && !theatre.hasUnfinished());
  } else {
    // What could not be written is recovered by the next helper: this one holds it for alive.
    if ((struck === "ledger" || struck === "kernel") && theatre.hasUnfinished()) theatre.killHelper();
    await theatre.host.list();
  }
}

/** Compares ledger and kernel after the next start: an attachment is whole, or there is nothing of it. */
async function judge(
  theatre: Theatre,
  { verb, struck }: Scene,
  scene: { readonly container: TestContainer; readonly inside: readonly string[]; readonly outcome: Outcome },
): Promise<readonly string[]> {
  const { container, inside, outcome } = scene;
  // What was refused may wait for the next verb of the container.
  if (struck === "kernel" || struck === "ledger") return [];
  const { id } = container;
  const isAttached = theatre.isAttached(container);
  const check = async (): Promise<readonly string[]> =>
    theatre.host.check(theatre.requestOf(container)).then(
      () => [],
      (error: Error) => [`on record, and not whole: ${error.message}`],
    );
  // A sandbox that was killed when it was idle fails the first call that gets it.
  const isWhole = async (): Promise<readonly string[]> => ((await check()).length === 0 ? [] : check());
  const name = VERB_OF[verb];
  if (name === "status" || verb === "start") return theatre.differences({ id, inside });
  if (name === "check") return struck === "shim" ? [] : isWhole();
  if (name === "add") {
    if (outcome === "ok" && !isAttached) return ["ADD succeeded and nothing is on record"];
    if (!isAttached) return theatre.differences({ id, inside });
    return struck === "shim" ? [] : isWhole();
  }
  if (outcome === "ok" && isAttached) return [`${verb} succeeded and the attachment is on record`];
  return isAttached ? [] : theatre.differences({ id, inside });
}

/** Ends a scene as a runtime does: DEL, until it succeeds. */
async function finish(theatre: Theatre, container: TestContainer, player: Player): Promise<void> {
  const request = theatre.requestOf(container);
  if (player === "shim") {
    const { call } = await theatre.shims();
    await until("DEL by a shim", async () => (await call("del", request)) === "ok");
    return;
  }
  await until("DEL to succeed", async () => (await outcomeOf(theatre.host.del(request))) === "ok");
}
