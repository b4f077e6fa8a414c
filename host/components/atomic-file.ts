/**
 * @module Files that are either the old ones or the new ones, whenever the power goes.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Mode of every folder below the state directory. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Writes a file by way of a temporary one, beside it; its name starts with a dot. */
export async function writeFileAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeDurably(temporary, content);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes a folder of files, all or none; one that is there is replaced. */
export async function writeFolderAtomically(
  path: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(temporary, { mode: FOLDER_MODE });
    for (const { name, bytes } of files) await writeDurably(join(temporary, name), bytes);
    await syncFolder(temporary);
    await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Makes a folder that root alone may use, unless it is there. */
export async function createFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE });
}

/** Removes a file or folder for good; nothing there is fine. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  await using file = await open(path, "wx", FILE_MODE);
  await file.writeFile(content);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}
