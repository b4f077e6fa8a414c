/**
 * @module Puts a program or library into a sandbox's root: the same file where that is safe, so that its pages are shared.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  statSync,
} from "node:fs";
import { join } from "node:path";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Links `source` at `target` when it is root's and root alone may write it; otherwise, or on another file system, links a copy
 * that is kept in `store`, one per version of the file, so that every root shares it.
 */
export function placeBinary(source: string, target: string, store: string): void {
  const file = realpathSync(source);
  const { uid, mode } = statSync(file);
  if (uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0 && isLinked(file, target)) return;
  linkSync(copyInto(store, file), target);
}

function isLinked(file: string, target: string): boolean {
  try {
    linkSync(file, target);
    return true;
  } catch {
    return false;
  }
}

function copyInto(store: string, file: string): string {
  const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
  const copy = join(store, `${dev}-${ino}-${size}-${mtimeNs}`);
  if (existsSync(copy)) return copy;
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const temporary = `${copy}.${randomBytes(4).toString("hex")}`;
  copyFileSync(file, temporary, constants.COPYFILE_FICLONE);
  // The copy comes with the owner of the original, who must not be able to change it.
  chownSync(temporary, 0, 0);
  chmodSync(temporary, 0o555);
  renameSync(temporary, copy);
  return copy;
}
