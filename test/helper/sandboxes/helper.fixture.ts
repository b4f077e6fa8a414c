/**
 * @module A helper's stand-in: starts a sandbox, says its pid, and waits to be killed.
 */
import { openSync } from "node:fs";
import { openLocks } from "../../../host/helper/locks.ts";
import { startSandbox } from "../../../host/helper/sandboxes/sandbox.ts";

const [stateDir = "", rootPath = ""] = process.argv.slice(2);
const sandbox = startSandbox({
  root: { path: rootPath },
  control: openSync("/dev/null", "r"),
  isolation: "full",
  locks: openLocks(stateDir),
});
sandbox.private.once("data", () => process.stdout.write(`${sandbox.pid}\n`));
