/**
 * @module A container of a test: nothing but a network namespace.
 */
import { randomBytes } from "node:crypto";
import { run } from "./command.ts";

/** A container that is there until it is disposed. */
export interface TestContainer extends Disposable {
  /** Its name, which serves as container id. */
  readonly id: string;
  readonly netns: string;
  /** Runs `ip` in it, arguments separated by spaces. */
  ip(command: string): string;
  /** Runs another command in it. */
  run(...command: readonly string[]): string;
  /** Removes the namespace before its time. */
  remove(): void;
}

/** Makes a container's namespace, with a name of its own unless one is given. */
export function createContainer(id = `cnidaria-t-${randomBytes(4).toString("hex")}`): TestContainer {
  run("ip", "netns", "add", id);
  let isThere = true;
  const remove = (): void => {
    if (isThere) run("ip", "netns", "del", id);
    isThere = false;
  };
  return {
    id,
    netns: `/run/netns/${id}`,
    ip: (command) => run("ip", "-n", id, ...command.split(" ")),
    run: (...command) => run("ip", "netns", "exec", id, ...command),
    remove,
    [Symbol.dispose]: remove,
  };
}
