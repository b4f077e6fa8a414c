/**
 * @module `npm test`: prepares what the tests need, runs the units, then the kernel tests, each file of them inside a network namespace of
 * its own that stands for the node.
 *
 * Prints one closing line, `N passed, N failed`, and exits with 0 only when nothing failed. In CI a skipped test is a failure unless its
 * title says that the kernel lacks a feature.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ensurePrerequisites } from "../host/demo/prerequisites.ts";
import { buildGoPrograms } from "./runtimes/go-programs.ts";
import { ENTER_NODE } from "./support/node-namespace.ts";

interface Assertion {
  readonly status: "passed" | "failed" | "pending" | "skipped" | "todo" | "disabled";
  readonly fullName: string;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

interface Count {
  readonly passed: number;
  /** What each failure is of. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

const VITEST = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
const KERNEL_LACKS = /kernel lacks/;

function countReport(file: string): Count {
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  const assertions = report.testResults.flatMap((result) => result.assertionResults);
  const brokenFiles = report.testResults.filter(
    (result) => result.status === "failed" && result.assertionResults.length === 0,
  );
  return {
    passed: assertions.filter(({ status }) => status === "passed").length,
    failed: [
      ...report.testResults.flatMap(({ name, assertionResults }) =>
        assertionResults
          .filter(({ status }) => status === "failed")
          .map(({ fullName }) => `${relative(process.cwd(), name)}: ${fullName}`),
      ),
      ...brokenFiles.map(({ name, message }) => `${relative(process.cwd(), name)}: ${message.split("\n")[0] ?? ""}`),
    ],
    skipped: assertions
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => fullName),
  };
}

function runProject(project: string, enter: readonly string[], extra: readonly string[]): Count {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-test-"));
  const file = join(folder, "report.json");
  const [command, ...args] = [
    ...enter,
    process.execPath,
    VITEST,
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...extra,
  ];
  const child = spawnSync(command ?? process.execPath, args, { stdio: "inherit" });
  try {
    return countReport(file);
  } catch {
    return {
      passed: 0,
      failed: [`${[project, ...extra].join(" ")}: no report, status ${String(child.status)}`],
      skipped: [],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of kernel tests; filters are parts of their paths, as vitest has them. */
function kernelTests(filters: readonly string[]): string[] {
  const files = globSync("test/**/*.netns.test.ts", { cwd: join(import.meta.dirname, "..") }).toSorted();
  return files.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
}

function main(): number {
  const filters = process.argv.slice(2);
  const isRoot = process.getuid?.() === 0;
  ensurePrerequisites({ forTests: true });
  buildGoPrograms();
  const counts = [runProject("unit", [], ["--passWithNoTests", ...filters])];
  if (isRoot) for (const file of kernelTests(filters)) counts.push(runProject("netns", ENTER_NODE, [file]));
  else console.log("the kernel tests need root (network namespaces, links, nftables): run `sudo npm test` for them");

  const skipped = counts.flatMap((count) => count.skipped);
  const unexcused = skipped.filter((title) => !KERNEL_LACKS.test(title));
  for (const title of skipped) console.log(`skipped: ${title}`);
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const inCi = process.env["CI"] !== undefined;
  const failed = counts.flatMap((count) => count.failed);
  if (inCi) failed.push(...unexcused.map((title) => `skipped, and the kernel lacks nothing: ${title}`));
  for (const failure of failed) console.log(`failed: ${failure}`);
  const summary = process.env["CNIDARIA_TEST_SUMMARY"];
  if (summary !== undefined) writeFileSync(summary, JSON.stringify({ passed, failed }));
  console.log(`${passed} passed, ${failed.length} failed`);
  return failed.length === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = main();
