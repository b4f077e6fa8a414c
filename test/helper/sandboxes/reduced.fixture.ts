/**
 * @module A helper's stand-in in a user namespace: sets an attacker on another sandbox and passes on what the attacker writes.
 */
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { openLocks } from "../../../host/helper/locks.ts";
import { ensureSandboxRoot } from "../../../host/helper/sandboxes/sandbox-root.ts";
import { startSandbox } from "../../../host/helper/sandboxes/sandbox.ts";
import type { StartedSandbox } from "../../../host/helper/sandboxes/sandbox.ts";
import { openStateDirectory } from "../../../host/helper/state-directory.ts";
import { innermostOf, SPIN_BUNDLE } from "./fenced-programs.ts";

const [folder = "", attacker = ""] = process.argv.slice(2);
mkdirSync(`${folder}/reduced`, { mode: 0o700 });
const { path: stateDir, isolation } = openStateDirectory(`${folder}/reduced/state`);
const locks = openLocks(stateDir);

function start(nodePath: string, control: string): StartedSandbox {
  const bundlePath = `${folder}/reduced/bundle.mjs`;
  writeFileSync(bundlePath, SPIN_BUNDLE);
  const root = ensureSandboxRoot({ stateDir, nodePath, bundlePath });
  return startSandbox({ root, control: openSync(control, "r"), isolation, locks });
}

const victim = start(process.execPath, "/dev/null");
await new Promise((resolve) => victim.private.once("data", resolve));
const orders = `${folder}/reduced/orders`;
const victimPid = innermostOf(victim.pid);
writeFileSync(orders, `${victimPid} no-such-name /no/such/path;\n`);
const sandbox = start(attacker, orders);
let text = `isolation=${isolation}\n`;
sandbox.private.on("data", (chunk: Buffer) => {
  text += chunk.toString();
  if (text.includes("end=reached")) sandbox.kill();
});
await sandbox.exited;
victim.kill();
await victim.exited;
process.stdout.write(`${text}${sandbox.output()}`, () => process.exit());
