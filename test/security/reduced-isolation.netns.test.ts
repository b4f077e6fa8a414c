/**
 * @module The hostile plugins in a user namespace, where isolation is reduced: what they may do is the same.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SINS } from "./sins.ts";

test("in a user namespace a hostile guest is ended as with full isolation, and leaves nothing", () => {
  const program = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, "reduced.fixture.ts"),
  ];
  const child = spawnSync("unshare", ["--user", "--map-root-user", "--net", "--mount", "--", ...program], {
    encoding: "utf8",
  });
  expect(child.status, child.stderr).toBe(0);
  expect(JSON.parse(child.stdout)).toEqual({
    isolation: "reduced",
    outcomes: SINS.map(({ name, code }) => ({ name, code })),
    // No code: it worked.
    works: {},
    left: { ledger: [], leases: [], links: 1 },
    processes: [],
  });
});
