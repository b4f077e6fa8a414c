/**
 * @module Makes one process the owner of a unix socket's name, without a moment in which two are.
 */
import { chmodSync, linkSync, renameSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import type { Server } from "node:net";

/** A server that has its name. */
export interface Listening {
  /** Gives up the name, if it is still this server's. Connections that were made stay. */
  readonly unlink: () => void;
}

/**
 * Binds a server to a name of its own and moves it to `path`. The name of a server that is gone is taken over.
 * @returns `undefined` when a living server has the name; `server` is then closed.
 */
export async function listenOnce(server: Server, path: string): Promise<Listening | undefined> {
  const own = `${path}.${process.pid}`;
  unlinkIfThere(own);
  await bind(server, own);
  chmodSync(own, 0o600);
  const { ino } = statSync(own);
  const gotName = (await takeName(own, path)) && statSync(path, { throwIfNoEntry: false })?.ino === ino;
  if (!gotName) {
    server.close();
    return undefined;
  }
  return {
    unlink: () => {
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkIfThere(path);
    },
  };
}

/** Links the name; a name that nobody answers to is replaced in one step. */
async function takeName(own: string, path: string): Promise<boolean> {
  try {
    linkSync(own, path);
    unlinkIfThere(own);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (await isAnswered(path)) {
    unlinkIfThere(own);
    return false;
  }
  renameSync(own, path);
  return true;
}

/** Tells whether some process listens. A refused connection means that the process is gone: the kernel answers, not the process. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
