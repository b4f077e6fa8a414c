/**
 * @module `container-sysctls`: settings of the container's namespace. What a setting had is on record before it has another value.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import { readSetting, SETTING_VALUE_MAX_BYTES, writeSetting } from "../../kernel/sysctl-text.ts";
import type { JsonObject } from "../ledger/records.ts";
import type { ContainerSide } from "../state.ts";
import { KIND_OF_SETTINGS, type ReplacedSetting, writeBack } from "../kinds/container-sysctls.ts";
import { HANDLE } from "./arguments.ts";
import { OperationFailure, containerOf, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Any text: what is no name of a setting, no grant covers. Longest as a sanity bound, in UTF-16 units. */
const NAME = z.string().max(1024);
const SETTING = z.object({ name: NAME, value: z.string() });
type Setting = z.output<typeof SETTING>;

/** Error numbers of a name that leads to no setting that can be written: a folder, read-only, not there. */
const NO_SETTING: readonly string[] = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EROFS"];

export const CONTAINER_SYSCTLS: OperationInterface = {
  name: "container-sysctls",
  errors: {},
  otherwise: "invalid-argument",
  operations: {
    set: operation({
      effect: "change",
      schema: z.tuple([HANDLE, z.array(SETTING)]),
      run: (context, [, settings]) => setAll(context, settings),
    }),
    get: operation({
      effect: "read",
      schema: z.tuple([HANDLE, z.array(NAME)]),
      run: (context, [, names]) => {
        const container = containersOwn(context);
        return names.map((name) => ({ name, value: read(container, name) ?? "" }));
      },
    }),
  },
};

/** Writes settings, all or none. */
function setAll(context: OperationContext, settings: readonly Setting[]): void {
  const container = containersOwn(context);
  if (!settings.every(({ value }) => isValue(value))) throw new OperationFailure("invalid-argument");
  const replaced = settings.flatMap(({ name }): ReplacedSetting[] => {
    const value = read(container, name);
    return value === undefined ? [] : [[name, value]];
  });
  const { id: row, undo } = writeIntent(context, container, { settings, replaced });
  const written: ReplacedSetting[] = [];
  try {
    for (const { name, value } of settings) {
      orNoSetting(name, () => writeSetting(container.netns, name, value));
      written.push(...replaced.filter(([each]) => each === name));
    }
  } catch (error) {
    writeBack(container.netns, written);
    context.state.ledger.forget(row);
    throw error;
  }
  // As the kernel shows them: it may write numbers in another way than they came.
  const names = [...new Set(settings.map(({ name }) => name))];
  const wanted = names.flatMap((name): ReplacedSetting[] => {
    const value = read(container, name);
    return value === undefined ? [] : [[name, value]];
  });
  context.state.ledger.done(row, { ...undo, wanted });
}

/**
 * Gives the container's side, which is never the node's: not even where a host has opened that.
 * @throws {OperationFailure} no-namespace; not-permitted.
 */
function containersOwn(context: OperationContext): ContainerSide {
  const container = containerOf(context);
  if (container.netns.cookie.toString() === context.state.node.cookie)
    throw new OperationFailure("not-permitted", "the namespace is the node's own");
  return container;
}

/** A line feed would end it early, NUL would cut it. */
function isValue(value: string): boolean {
  return Buffer.byteLength(value) <= SETTING_VALUE_MAX_BYTES && !/[\n\0]/u.test(value);
}

function read({ netns }: ContainerSide, name: string): string | undefined {
  return orNoSetting(name, () => readSetting(netns, name));
}

/** Says which setting is not there: the operator gets it with the error. */
function orNoSetting<Result>(name: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isKernelError(error) || !NO_SETTING.includes(error.errno)) throw error;
    throw new OperationFailure(
      "not-permitted",
      `the container has no setting ${JSON.stringify(name)} that can be used so`,
    );
  }
}

function writeIntent(
  { state, call }: OperationContext,
  { path, netns }: ContainerSide,
  change: { readonly settings: readonly Setting[]; readonly replaced: readonly ReplacedSetting[] },
): { readonly id: number; readonly undo: JsonObject } {
  const names = [...new Set(change.settings.map(({ name }) => name))].join(", ");
  const undo = { path, cookie: netns.cookie.toString(), settings: change.replaced };
  const id = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: KIND_OF_SETTINGS,
    key: names,
    undo,
    description: `settings of the container: ${names}`,
  });
  return { id, undo };
}
