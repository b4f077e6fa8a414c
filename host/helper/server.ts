/**
 * @module The helper's unix socket: who may connect, and what a connection is for.
 */
import { chmodSync, closeSync, constants, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { basename, dirname } from "node:path";
import { readPeerCredentials } from "../kernel/peer.ts";
import { readOpening } from "./opening.ts";
import type { Opening } from "./protocol.ts";
import { descriptorOf } from "./descriptor.ts";
import { ProtocolViolation } from "./violation.ts";

/** Longest path of a unix socket in bytes: sun_path (108) less its NUL. Source: unix(7). */
const SOCKET_PATH_MAX_BYTES = 107;

/** A connection from the parent process, paused, nothing read but its opening. */
export interface Connection {
  readonly socket: Socket;
  /** Of the connection. It stays the socket's: it is closed with it. */
  readonly descriptor: number;
  readonly opening: Opening;
}

/** A socket that listens. */
export interface Listening extends Disposable {
  readonly path: string;
}

/**
 * Listens at a path, mode 0600. Connections of any process but the parent, or without a proper opening, are ended without a word.
 * @throws {Error} of `node:net` when the path cannot be bound.
 */
export async function listen(path: string, onConnection: (connection: Connection) => void): Promise<Listening> {
  const parent = process.ppid;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    admit(socket, parent).then(onConnection, () => socket.destroy());
  });
  await bind(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    [Symbol.dispose]: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

/** Removes sockets of helpers that were killed: nobody answers there any more. */
export async function removeDeadSockets(runDir: string): Promise<void> {
  const names = readdirSync(runDir).filter((name) => /^helper-\d+\.sock$/u.test(name));
  for (const path of names.map((name) => `${runDir}/${name}`)) {
    if (await isRefused(path)) rmSync(path, { force: true });
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  });
}

/** Binds, by way of the directory's descriptor where the path is too long for a socket's name. */
async function bind(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const isLong = Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES;
  server.once("error", reject);
  server.listen(isLong ? `/proc/self/fd/${directory}/${basename(path)}` : path, resolve);
  try {
    await promise;
  } finally {
    server.removeListener("error", reject);
    closeSync(directory);
  }
}

async function admit(socket: Socket, parent: number): Promise<Connection> {
  const descriptor = descriptorOf(socket);
  const { pid, uid } = readPeerCredentials(descriptor);
  if (pid !== parent || uid !== uidOf(parent))
    throw new ProtocolViolation(`process ${pid} of uid ${uid} is not the parent process`);
  return { socket, descriptor, opening: await readOpening(descriptor) };
}

/** Effective uid of a process. Source: proc_pid_status(5), `Uid`. */
function uidOf(pid: number): number {
  const found = /^Uid:\s+\d+\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(found ?? Number.NaN);
}
