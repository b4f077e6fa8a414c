/**
 * @module A bus and a firewalld of a test's own. The test runs in mount and network namespaces of its own: the bus listens where the machine's
 * would, firewalld filters in the test's namespace, and both end with the test.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, until } from "./command.ts";

const SOCKET = "/run/dbus/system_bus_socket";
const NAME = "org.fedoraproject.FirewallD1";

/** Starts nothing on demand, and lets everybody do everything: that is the bus's to decide, not ours. */
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${SOCKET}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`;

/** Why there can be none, as the end of a title that is skipped; the empty text: there can be. */
export const noFirewalld = (): string =>
  ["/usr/sbin/firewalld", "/usr/bin/dbus-daemon", "/usr/bin/dbus-send"].every((path) => existsSync(path))
    ? ""
    : " (skipped: firewalld and dbus-daemon are not installed)";

/** A bus, until it is disposed. */
export interface TestBus extends AsyncDisposable {
  /** Starts a firewalld, and waits until it has its name on the bus. */
  startFirewalld(): Promise<TestFirewalld>;
}

/** A firewalld, until it is disposed. */
export interface TestFirewalld extends AsyncDisposable {
  readonly pid: number;
  /** Calls a method of its interface, such as `reload`, and gives what `dbus-send` prints of the answer. */
  call(method: string, ...args: readonly string[]): string;
  /** Sources of a zone, by its own word. */
  sourcesOf(zone: string): readonly string[];
}

/** Starts a bus where the system's would be. Only in a mount namespace of the test's own. */
export async function startBus(): Promise<TestBus> {
  mkdirSync("/run/dbus", { recursive: true });
  run("mount", "-t", "tmpfs", "none", "/run/dbus");
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-bus-"));
  const configuration = join(folder, "bus.conf");
  writeFileSync(configuration, BUS);
  const daemon = spawn("dbus-daemon", [`--config-file=${configuration}`, "--nofork", "--nopidfile"], {
    stdio: "ignore",
  });
  await until("the bus", () => existsSync(SOCKET));
  return {
    startFirewalld: () => startFirewalld(folder),
    [Symbol.asyncDispose]: async () => {
      await end(daemon, "SIGKILL");
      run("umount", "/run/dbus");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startFirewalld(folder: string): Promise<TestFirewalld> {
  const configuration = mkdtempSync(join(folder, "firewalld-"));
  const daemon = spawn(
    "firewalld",
    ["--nofork", "--nopid", "--system-config", configuration, "--log-file", join(configuration, "log")],
    { stdio: "ignore" },
  );
  const send = (method: string, ...args: readonly string[]): string =>
    run("dbus-send", "--system", "--print-reply", `--dest=${NAME}`, "/org/fedoraproject/FirewallD1", method, ...args);
  await until("firewalld", () => {
    try {
      return send("org.freedesktop.DBus.Properties.Get", `string:${NAME}`, "string:state").includes('"RUNNING"');
    } catch {
      return false;
    }
  });
  const call: TestFirewalld["call"] = (method, ...args) => send(`${NAME}.${method}`, ...args);
  return {
    pid: daemon.pid ?? 0,
    call,
    sourcesOf: (zone) =>
      [...call("zone.getSources", `string:${zone}`).matchAll(/string "(.*)"/gu)]
        .map((match) => match[1] ?? "")
        .toSorted(),
    [Symbol.asyncDispose]: () => end(daemon, "SIGTERM"),
  };
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}
