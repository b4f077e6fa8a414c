/**
 * @module Types whose executables the operator allows to be run as they are.
 *
 * Nothing confines such an executable: an allowance is the operator's word that it may have all of the machine.
 */
import { existsSync } from "node:fs";
import { CniError } from "../spec/error.ts";
import { parsePluginType } from "../spec/names.ts";
import { createFolder, removeDurably, writeFileAtomically } from "./atomic-file.ts";
import { layoutOf } from "./layout.ts";

/**
 * Allows executables of a type, for good. A type that is allowed already stays so.
 * @throws {CniError} invalidNetworkConfig when it is no type.
 */
export async function allowLegacy(stateDir: string, type: string, nowMs: number): Promise<void> {
  const layout = layoutOf(stateDir);
  const path = layout.legacy(parsePluginType(type));
  if (existsSync(path)) return;
  await createFolder(layout.legacyDir);
  await writeFileAtomically(path, `${JSON.stringify({ type, allowedAtMs: nowMs })}\n`);
}

/**
 * Takes the allowance back, at once: executables of the type are run no more, not even for DEL.
 * @throws {CniError} unknownPlugin when it was not allowed.
 */
export async function denyLegacy(stateDir: string, type: string): Promise<void> {
  const path = layoutOf(stateDir).legacy(parsePluginType(type));
  if (!existsSync(path))
    throw new CniError("unknownPlugin", `executables of type ${JSON.stringify(type)} are not allowed`);
  await removeDurably(path);
}
