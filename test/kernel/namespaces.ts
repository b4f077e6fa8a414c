/**
 * @module Namespaces of a test's own, by iproute2, removed at the end of it.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { openNetns, type Netns } from "../../host/kernel/netns.ts";

/** A namespace that is there until it is disposed. */
export interface TestNamespace extends Disposable {
  readonly name: string;
  readonly path: string;
  readonly netns: Netns;
  /** Runs `ip` in it, arguments separated by spaces. */
  ip(command: string): string;
  /** Runs another command in it. */
  run(...command: string[]): string;
}

/** Makes a namespace. Needs root: without it the test fails. */
export function createNamespace(): TestNamespace {
  const name = `cnidaria-t-${randomBytes(4).toString("hex")}`;
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: "utf8", stdio: "pipe" });
  run("ip", "netns", "add", name);
  const path = `/run/netns/${name}`;
  const netns = openNetns(path);
  return {
    name,
    path,
    netns,
    ip: (command) => run("ip", "-n", name, ...command.split(" ")),
    run: (...command) => run("ip", "netns", "exec", name, ...command),
    [Symbol.dispose]: () => {
      netns[Symbol.dispose]();
      run("ip", "netns", "del", name);
    },
  };
}
