/**
 * @module The command line of the fence.
 */
import { expect, test } from "vitest";
import { fenceCommand } from "../../../host/helper/sandboxes/fence.ts";
import type { FenceFacts } from "../../../host/helper/sandboxes/fence.ts";

const FULL: FenceFacts = {
  role: "sandbox",
  rootPath: "/root",
  isolation: "full",
  uid: 1_900_000_001,
  pathOf: (tool) => `/bin/${tool}`,
};

test("a sandbox: fixed programs, fixed arguments, the root and the uid", () => {
  expect(fenceCommand(FULL).join(" ")).toBe(
    "/bin/setpriv --pdeathsig SIGKILL -- /bin/prlimit --core=0 --fsize=0 --nofile=64 --nproc=64 -- " +
      "/bin/unshare --net --ipc --uts --cgroup --pid --mount --fork --kill-child=SIGKILL -- /bin/chroot /root " +
      "/setpriv --reuid 1900000001 --regid 1900000001 --clear-groups --bounding-set=-all --inh-caps=-all --ambient-caps=-all " +
      "--no-new-privs --pdeathsig SIGKILL -- " +
      "/node --permission --v8-pool-size=1 --max-semi-space-size=4 --max-old-space-size=256 /sandbox.mjs",
  );
});

test("reduced isolation keeps the uid and mounts the root read-only", () => {
  const command = fenceCommand({ ...FULL, isolation: "reduced", uid: undefined });
  expect(command).not.toContain("--reuid");
  expect(command).toContain("/bin/mount");
  expect(command).toContain("--no-new-privs");
});

test.for(["sandbox", "transpiler"] as const)("a %s never gets a permission of Node's", (role) => {
  const command = fenceCommand({ ...FULL, role });
  expect(command).toContain("--permission");
  expect(command.filter((argument) => argument.startsWith("--allow"))).toEqual([]);
});
