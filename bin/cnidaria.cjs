#!/usr/bin/env node
"use strict";
/**
 * @module The command. Checks the version of Node before it imports anything that needs it; runs on any Node since 12.
 */
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { pathToFileURL } = require("node:url");

/** Oldest version that runs the rest. The same as `engines` in package.json. */
const OLDEST = [24, 14];

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** The Node that was installed with the package, where there is one. */
function bundledNode() {
  try {
    const node = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), "bin", "node");
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`cnidaria: ${message}\n`);
  process.exitCode = 1;
}

function main() {
  const cli = join(__dirname, "..", "dist", "cli.mjs");
  if (!existsSync(cli)) return fail(`${cli} is not there: run "npm run build"`);
  if (isNewEnough(process.versions.node)) return import(pathToFileURL(cli).href);
  const node = bundledNode();
  if (node === undefined) return fail(`needs Node ${OLDEST.join(".")} or newer, this is ${process.versions.node}`);
  const { status, signal } = spawnSync(node, [cli, ...process.argv.slice(2)], { stdio: "inherit" });
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status === null ? 1 : status;
}

main();
