import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GREETING } from "../../host/daemon/protocol.ts";
import { readSurroundings, warmSocketPath } from "../../host/daemon/surroundings.ts";
import { isOwnExecutable } from "../../host/shim/executable.ts";
import { buildNativeProgram, compilerFlags, NATIVE_SOURCES, writeNativeExecutable } from "../../host/shim/native.ts";

const SOURCES = resolve(import.meta.dirname, "../../host/shim/native");
const C_FILES = NATIVE_SOURCES.filter((name) => name.endsWith(".c")).map((name) => join(SOURCES, name));

let folder = "";
let runtimeDir = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-native-"));
  runtimeDir = join(folder, "runtime");
  for (const path of [runtimeDir, join(folder, "run")]) mkdirSync(path, { mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settings = () => ({ type: "bridge", cniVersions: ["1.0.0"], stateDir: folder, runtimeDir, lingerSeconds: 30 });

/** Writes an executable, and in the place of Node a script that tells how it was started. */
function writeShim(program: Buffer): string {
  writeFileSync(join(runtimeDir, "node"), '#!/bin/sh\necho "$@"\nenv\necho "stdin: $(cat)"\n', { mode: 0o755 });
  const path = join(folder, "bridge");
  writeFileSync(path, writeNativeExecutable(program, settings()), { mode: 0o755 });
  return path;
}

function build(): Buffer {
  const { program, reason } = buildNativeProgram(SOURCES, runtimeDir);
  if (program === undefined) throw new Error(reason);
  return program;
}

const run = (path: string, env: Readonly<Record<string, string>>, input = "{}") =>
  spawnSync(path, { env: { ...env }, input, encoding: "utf8" });

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? describe : describe.skip;

describe("the sources of the native shim", () => {
  test.for(["gcc", "clang"])("have no warning of %s, the strict ones included", (compiler) => {
    if (spawnSync(compiler, ["--version"]).status !== 0) return;
    const strict = ["-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-pedantic", "-fsyntax-only"];
    const { stderr, status } = spawnSync(compiler, [...compilerFlags(), ...strict, ...C_FILES], { encoding: "utf8" });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  test("are all installed", () => {
    expect(readdirSync(SOURCES).sort()).toEqual([...NATIVE_SOURCES].sort());
  });
});

needsRoot("the native shim (as root: owners are checked)", () => {
  test("is built once for a runtime folder, and nothing but the program stays there", () => {
    const first = buildNativeProgram(SOURCES, runtimeDir);
    expect(readdirSync(runtimeDir)).toEqual(["shim"]);
    expect(first.reason).toMatch(/^built with/u);
    const second = buildNativeProgram(join(folder, "no-sources"), runtimeDir);
    expect(second.program?.equals(first.program ?? Buffer.alloc(0))).toBe(true);
  });

  test("is built where one that died left its folder, of the same process id", () => {
    mkdirSync(join(runtimeDir, `native.${process.pid}`, "left"), { recursive: true });
    expect(buildNativeProgram(SOURCES, runtimeDir).reason).toMatch(/^built with/u);
    expect(readdirSync(runtimeDir)).toEqual(["shim"]);
  });

  test("is told from another program", () => {
    expect(isOwnExecutable(readFileSync(writeShim(build()), "latin1"))).toBe(true);
    expect(isOwnExecutable(readFileSync("/bin/true", "latin1"))).toBe(false);
  });

  test("is not there without a compiler, and the reason says so", () => {
    const { program, reason } = buildNativeProgram(SOURCES, runtimeDir, ["no-such-compiler"]);
    expect(program).toBeUndefined();
    expect(reason).toContain("no-such-compiler");
    expect(readdirSync(runtimeDir)).toEqual([]);
  });

  test("is not there when the compiler fails, and nothing stays", () => {
    const { program, reason } = buildNativeProgram(join(folder, "no-sources"), runtimeDir);
    expect(program).toBeUndefined();
    expect(reason).toContain("did not build it");
    expect(readdirSync(runtimeDir)).toEqual([]);
  });

  test("refuses settings that are longer than their place", () => {
    const options = { ...settings(), stateDir: `/${"x".repeat(5000)}` };
    expect(() => writeNativeExecutable(build(), options)).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
  });

  test("becomes the Node shim where there is no warm host, with CNI's variables and stdin and nothing else", () => {
    const environment = { CNI_COMMAND: "ADD", CNI_NETNS: "/a b'c", BAGGAGE: "x", NODE_OPTIONS: "--x", HOME: "/root" };
    const { stdout } = run(writeShim(build()), environment, "in");
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(`${runtimeDir}/shim.cjs bridge ${folder} 30`);
    for (const line of ["CNI_COMMAND=ADD", "CNI_NETNS=/a b'c", "BAGGAGE=x", "stdin: in"]) expect(lines).toContain(line);
    expect(lines.filter((line) => /^(NODE_|HOME)/u.test(line))).toEqual([]);
  });

  test("starts a warm host with nothing of the caller's, and gives up on one that never listens", () => {
    const path = writeShim(build());
    const started = join(folder, "started");
    // Says that it listens, and does not. As the Node shim it prints its arguments.
    const node = `#!/bin/sh
case "$*" in *warm-host.mjs*) ;; *) echo "$@"; exit 0 ;; esac
{ echo "$@"; env; pwd; ls /proc/self/fd; readlink /proc/self/fd/0; cat /proc/$$/stat | cut -d" " -f1,6; } >> ${started}
echo ready >&3
`;
    writeFileSync(join(runtimeDir, "node"), node, { mode: 0o755 });
    const { stdout } = run("/bin/sh", { CNI_COMMAND: "ADD", HOME: "/root" }, `exec ${path} 7</etc/hostname`);
    expect(stdout).toBe(`${runtimeDir}/shim.cjs bridge ${folder} 30 none-started\n`);
    const lines = readFileSync(started, "utf8").split("\n");
    const socketPath = warmSocketPath(folder, readSurroundings(), basename(runtimeDir));
    const entry = `${runtimeDir}/warm-host.mjs`;
    expect(lines[0]).toBe(`--disable-warning=ExperimentalWarning ${entry} ${folder} 30 ${socketPath}`);
    expect(lines.filter((line) => /^(CNI_|HOME)/u.test(line))).toEqual([]);
    expect(lines).toContain("/dev/null");
    expect(lines).toContain("/");
    expect(lines).not.toContain("7");
    const [process, session] = (lines.at(-2) ?? "").split(" ");
    expect(session).toBe(process);
  });

  test("takes the last of a variable that is there twice, as a shell does", () => {
    const twice = `import os,sys
pid = os.fork()
if pid == 0:
  import ctypes
  libc = ctypes.CDLL(None)
  pointers = lambda texts: (ctypes.c_char_p * (len(texts) + 1))(*[t.encode() for t in texts], None)
  libc.execve(sys.argv[1].encode(), pointers([sys.argv[1]]), pointers(["CNI_COMMAND=ADD", "CNI_IFNAME=a", "CNI_IFNAME=b"]))
os.waitpid(pid, 0)`;
    const stdout = execFileSync("python3", ["-c", twice, writeShim(build())], { input: "", encoding: "utf8" });
    expect(stdout.split("\n").filter((line) => line.startsWith("CNI_IFNAME"))).toEqual(["CNI_IFNAME=b"]);
  });

  test("runs no Node of a folder that others may write to", () => {
    const path = writeShim(build());
    chmodSync(runtimeDir, 0o777);
    const { status, stdout } = run(path, { CNI_COMMAND: "ADD" });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 106 });
  });

  test("connects to no socket of a folder that others may write to", async () => {
    const path = writeShim(build());
    let connections = 0;
    const server = createServer(() => (connections += 1));
    await new Promise<void>((done) =>
      server.listen(warmSocketPath(folder, readSurroundings(), basename(runtimeDir)), done),
    );
    chmodSync(join(folder, "run"), 0o777);
    const child = spawn(path, { env: { CNI_COMMAND: "ADD" }, stdio: ["ignore", "pipe", "ignore"] });
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    expect(first.toString()).toContain("shim.cjs");
    expect(connections).toBe(0);
    server.close();
  });

  test("answers with an error object when its runtime folder is gone", () => {
    const path = writeShim(build());
    rmSync(runtimeDir, { recursive: true });
    const { status, stdout } = run(path, { CNI_COMMAND: "ADD" });
    expect({ status, error: JSON.parse(stdout) as unknown }).toMatchObject({ status: 1, error: { code: 106 } });
    expect(run(path, { CNI_COMMAND: "VERSION" })).toMatchObject({ status: 0, stderr: "" });
  });

  test.for([
    { title: "does not greet", said: "", told: "silent-greeting" },
    { title: "does not answer", said: GREETING, told: "silent-answer" },
  ])("leaves it to the Node shim to tell that a warm host $title", async ({ said, told }) => {
    const program = join(folder, "impatient");
    const flags = compilerFlags({ GREETING_TIMEOUT_MS: 30, ANSWER_TIMEOUT_MS: 30 });
    execFileSync("cc", [...flags, "-o", program, ...C_FILES]);
    const path = writeShim(readFileSync(program));
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => {}));
      socket.write(said);
    });
    await new Promise<void>((done) =>
      server.listen(warmSocketPath(folder, readSurroundings(), basename(runtimeDir)), done),
    );
    const child = spawn(path, { env: { CNI_COMMAND: "ADD" }, stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.end("in");
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    await once(child, "close");
    expect(stdout.split("\n")[0]).toBe(`${runtimeDir}/shim.cjs bridge ${folder} 30 ${told}`);
    expect(stdout).toContain("stdin: in");
    expect(sockets).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test("was not installed: says so", () => {
    build();
    expect(existsSync(join(runtimeDir, "shim"))).toBe(true);
    const { status, stdout } = run(join(runtimeDir, "shim"), { CNI_COMMAND: "VERSION" });
    expect({ status, error: JSON.parse(stdout) as unknown }).toMatchObject({ status: 1, error: { code: 105 } });
  });
});
