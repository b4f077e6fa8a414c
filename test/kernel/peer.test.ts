import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clearNonBlocking, duplicateDescriptor, readPeerCredentials } from "../../host/kernel/peer.ts";
import { readBootId } from "../../host/kernel/boot-id.ts";

/** Source: asm-generic/fcntl.h. */
const O_NONBLOCK = 0o4000;

const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-peer-"));
let server: Server;
let accepted: Socket;
let client: Socket;

beforeAll(async () => {
  server = createServer({ pauseOnConnect: true }).listen(join(folder, "socket"));
  await once(server, "listening");
  const connection = once(server, "connection") as Promise<[Socket]>;
  client = connect(join(folder, "socket"));
  [accepted] = await connection;
});

afterAll(() => {
  accepted.destroy();
  client.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

function fdOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

function flagsOf(fd: number): number {
  return Number.parseInt(/^flags:\s*([0-7]+)$/mu.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0", 8);
}

test("reads who connected", () => {
  expect(readPeerCredentials(fdOf(accepted))).toEqual({
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
});

test("makes a socket block", () => {
  const fd = duplicateDescriptor(fdOf(accepted));
  expect(flagsOf(fd) & O_NONBLOCK).toBe(O_NONBLOCK);
  clearNonBlocking(fd);
  expect(flagsOf(fd) & O_NONBLOCK).toBe(0);
  closeSync(fd);
});

test("copies a descriptor, close-on-exec", () => {
  const fd = openSync("/dev/null", "r");
  const copy = duplicateDescriptor(fd);
  closeSync(fd);
  expect(fstatSync(copy).isCharacterDevice()).toBe(true);
  expect(flagsOf(copy) & 0o2000000).toBe(0o2000000);
  closeSync(copy);
});

test("names the error of what is no socket", () => {
  const fd = openSync("/dev/null", "r");
  expect(() => readPeerCredentials(fd)).toThrow(expect.objectContaining({ errno: "ENOTSOCK" }));
  closeSync(fd);
});

test("reads the id of this boot", () => {
  expect(readBootId()).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
});
