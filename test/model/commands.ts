/**
 * @module What may happen, as commands: what each does to the model and to the world. Their text is the script of a failure.
 */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { CONTAINERS } from "./world.ts";
import type { Facts, Killed, World } from "./world.ts";

/** What is to be true. Changed by the commands, as fast-check has it. */
export interface Model {
  readonly attached: Set<number>;
  /** Containers whose namespace is there. */
  readonly there: Set<number>;
  /** Of the attached, those whose namespace is still the one that they were attached in. */
  readonly whole: Set<number>;
  /** Whether every plugin is installed. */
  isComplete: boolean;
}

/** A model of nothing. */
export function emptyModel(): Model {
  return { attached: new Set(), there: new Set(), whole: new Set(), isComplete: true };
}

/** The plugin that comes and goes. */
const REMOVABLE = "tuning";

abstract class Step implements fc.AsyncCommand<Model, World> {
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await this.step(model, world);
    compare(model, await world.look(), this.toString());
  }

  abstract step(model: Model, world: World): Promise<void>;
  abstract toString(): string;
}

class Add extends Step {
  readonly container: number;
  constructor(container: number) {
    super();
    this.container = container;
  }

  async step(model: Model, world: World): Promise<void> {
    const { container } = this;
    const isPossible = model.there.has(container) && !model.attached.has(container) && model.isComplete;
    const outcome = await world.ask({ verb: "add", request: world.requestOf(container) });
    expectOutcome(outcome, isPossible, this);
    if (!isPossible) return;
    model.attached.add(container);
    model.whole.add(container);
  }

  toString(): string {
    return `add ${this.container}`;
  }
}

class Del extends Add {
  override async step(model: Model, world: World): Promise<void> {
    // Without a plugin, and without a record of what it made, nobody can say that nothing is left.
    const isPossible = model.isComplete || model.attached.has(this.container);
    expectOutcome(await world.ask({ verb: "del", request: world.requestOf(this.container) }), isPossible, this);
    detach(model, this.container);
  }

  override toString(): string {
    return `del ${this.container}`;
  }
}

class Check extends Add {
  override async step(model: Model, world: World): Promise<void> {
    const outcome = await world.ask({ verb: "check", request: world.requestOf(this.container) });
    expectOutcome(outcome, model.whole.has(this.container), this);
  }

  override toString(): string {
    return `check ${this.container}`;
  }
}

class Gc extends Step {
  readonly valid: readonly number[];
  constructor(valid: readonly number[]) {
    super();
    this.valid = valid;
  }

  async step(model: Model, world: World): Promise<void> {
    const { valid } = this;
    const keys = valid.map((container) => world.requestOf(container));
    const outcome = await world.ask({ verb: "gc", request: { network: world.network(), valid: keys } });
    expectOutcome(outcome, true, this);
    for (const container of model.attached) if (!valid.includes(container)) detach(model, container);
  }

  toString(): string {
    return `gc keeping ${this.valid.join(", ") || "nothing"}`;
  }
}

/** A verb, and somebody who is killed meanwhile: afterwards there is all of the attachment or nothing. */
class Interrupted extends Step {
  readonly verb: "add" | "del";
  readonly container: number;
  readonly killed: Killed;
  readonly afterMs: number;
  constructor(verb: "add" | "del", container: number, killed: Killed, afterMs: number) {
    super();
    [this.verb, this.container, this.killed, this.afterMs] = [verb, container, killed, afterMs];
  }

  async step(model: Model, world: World): Promise<void> {
    const { container, verb } = this;
    const wasPossible = model.there.has(container) && !model.attached.has(container) && model.isComplete;
    const isWhole = model.whole.has(container);
    await world.askAndKill({ verb, request: world.requestOf(container) }, this.killed, this.afterMs);
    const isAttached = (await world.look()).attachments.includes(container);
    // A DEL that was cut off is repeated by the runtime, whatever is left.
    if (verb === "del") {
      await world.ask({ verb: "del", request: world.requestOf(container) });
      detach(model, container);
    } else if (isAttached && wasPossible) {
      model.attached.add(container);
      model.whole.add(container);
    } else if (isAttached !== model.attached.has(container) || isWhole !== model.whole.has(container)) {
      throw new Error(`${this.toString()}: ${isAttached ? "attached" : "not attached"}, which it cannot be`);
    }
  }

  toString(): string {
    return `${this.verb} ${this.container}, and kill ${this.killed} after ${this.afterMs} ms`;
  }
}

class Kill extends Step {
  readonly killed: Killed;
  constructor(killed: Killed) {
    super();
    this.killed = killed;
  }

  async step(_model: Model, world: World): Promise<void> {
    await world.kill(this.killed);
  }

  toString(): string {
    return `kill ${this.killed}`;
  }
}

/** What is about the whole node. */
class Simple extends Step {
  readonly name: string;
  readonly act: (model: Model, world: World) => Promise<void>;
  readonly isPossible: (model: Readonly<Model>) => boolean;
  constructor(name: string, act: Simple["act"], isPossible: Simple["isPossible"] = () => true) {
    super();
    [this.name, this.act, this.isPossible] = [name, act, isPossible];
  }

  override check(model: Readonly<Model>): boolean {
    return this.isPossible(model);
  }

  step(model: Model, world: World): Promise<void> {
    return this.act(model, world);
  }

  toString(): string {
    return this.name;
  }
}

async function reboot(model: Model, world: World): Promise<void> {
  await world.reboot();
  for (const set of [model.attached, model.there, model.whole]) set.clear();
  // The first use reclaims.
  await world.ask({ verb: "list" });
}

async function removePlugin(model: Model, world: World): Promise<void> {
  await world.uninstall(REMOVABLE);
  model.isComplete = false;
}

async function reinstall(model: Model, world: World): Promise<void> {
  if ((await world.install(REMOVABLE)) !== "ok") throw new Error(`${REMOVABLE} cannot be installed`);
  model.isComplete = true;
}

const namespaceSteps = (container: number): readonly Step[] => [
  new Simple(`delete the namespace of ${container}`, async (model, world) => {
    world.deleteNamespace(container);
    model.there.delete(container);
    model.whole.delete(container);
  }),
  new Simple(`make a namespace for ${container}`, async (model, world) => {
    world.createNamespace(container);
    model.there.add(container);
  }),
];

/** Every command, the ordinary ones more often. */
export function commands(maxSteps: number): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, World>>> {
  const container = fc.nat(CONTAINERS - 1);
  const killed = fc.constantFrom<Killed>("helper", "sandboxes", "host");
  const rare = [
    new Simple("restart the host", (_model, world) => world.restart()),
    new Simple("restart the machine", reboot),
    new Simple(`remove ${REMOVABLE}`, removePlugin, ({ isComplete }) => isComplete),
    new Simple(`install ${REMOVABLE}`, reinstall, ({ isComplete }) => !isComplete),
  ];
  return fc.commands(
    [
      container.map((each) => new Add(each)),
      container.map((each) => new Add(each)),
      container.chain((each) => fc.constantFrom(...namespaceSteps(each))),
      container.map((each) => namespaceSteps(each)[1] as Step),
      container.map((each) => new Del(each)),
      container.map((each) => new Check(each)),
      fc.subarray(Array.from({ length: CONTAINERS }, (_none, each) => each)).map((valid) => new Gc(valid)),
      fc
        .tuple(fc.constantFrom<"add" | "del">("add", "del"), container, killed, fc.nat(40))
        .map(([verb, each, who, afterMs]) => new Interrupted(verb, each, who, afterMs)),
      killed.map((each) => new Kill(each)),
      fc.constantFrom(...rare),
    ],
    { maxCommands: maxSteps, size: "max" },
  );
}

function detach(model: Model, container: number): void {
  model.attached.delete(container);
  model.whole.delete(container);
}

function expectOutcome(outcome: string, isPossible: boolean, step: Step): void {
  const wanted = isPossible ? "ok" : "error";
  if (outcome !== wanted) throw new Error(`${step.toString()}: ${outcome}, and ${wanted} is right`);
}

/** Compares ledger and kernel with the model, and with each other. */
function compare({ attached, there }: Model, facts: Facts, step: string): void {
  const wanted = [...attached].toSorted();
  const pairs = wanted.filter((container) => there.has(container)).length;
  const problems = [
    ...differing("attachments", facts.attachments, wanted),
    ...differing("leases", facts.leases, wanted),
    ...differing("distinct addresses", facts.distinctAddresses, facts.leases.length),
    ...differing("owners", facts.owners, wanted),
    ...differing("operations", facts.operations, 0),
    ...differing("pairs on the node", facts.pairs.kernel.length <= pairs, true),
    ...differing(
      "pairs",
      facts.pairs.kernel.filter((name) => !facts.pairs.ledger.includes(name)),
      [],
    ),
    ...differing("the bridge", facts.hasBridge, wanted.length > 0),
    ...differing("ports", facts.ports, wanted),
  ];
  if (problems.length > 0) throw new Error(`after ${JSON.stringify(step)}: ${problems.join("; ")}`);
}

function differing(what: string, found: unknown, wanted: unknown): readonly string[] {
  return isDeepStrictEqual(found, wanted)
    ? []
    : [`${what}: ${JSON.stringify(found)}, and ${JSON.stringify(wanted)} is right`];
}
