/**
 * @module Builds Go's own cnitool, and a program over libcni, where Go and its modules can be had. Needs the machine's network the
 * first time: the namespaces of tests have none.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BUILT_DIR } from "./programs.ts";

const MODULE = join(import.meta.dirname, "libcni");
/** Where Go is installed, besides PATH. */
const FOLDERS = ["/usr/local/go/bin", "/usr/lib/go/bin"] as const;

/** Builds them; says which tests are skipped, and why, where that cannot be done. */
export function buildGoPrograms(): void {
  const env = { ...process.env, PATH: [process.env["PATH"], ...FOLDERS.filter(existsSync)].join(":") };
  const { status, error, stderr } = spawnSync(
    "go",
    ["build", "-trimpath", "-buildvcs=false", "-o", `${BUILT_DIR}/`, ".", "github.com/containernetworking/cni/cnitool"],
    { cwd: MODULE, env, encoding: "utf8" },
  );
  if (status === 0) return;
  const reason = error === undefined ? stderr.trim() : "Go is not installed";
  console.error(`Go's cnitool and libcni are not built, and the tests that need them are skipped: ${reason}`);
}
