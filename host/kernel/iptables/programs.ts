/**
 * @module The programs of iptables: which of its two variants are installed, and which one is the machine's own.
 */
import { realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";

import type { IpFamily } from "../../spec/ip.ts";
import { KernelError } from "../error.ts";

/** By nf_tables, or by the older part of the kernel. They do not see each other's rules. */
export type IptablesVariant = "iptables-nft" | "iptables-legacy";

/** Both. */
export const VARIANTS: readonly IptablesVariant[] = ["iptables-nft", "iptables-legacy"];

/** What is run. */
export interface IptablesPrograms {
  /** Has the kernel end the program when the helper ends. */
  readonly setpriv: string;
  /** Reads a transaction. */
  readonly restore: string;
  /** Prints a chain. */
  readonly list: string;
  /** Prints tables; `undefined`: it is not installed. */
  readonly save: string | undefined;
}

/** Absolute folders, never the environment's PATH. */
const FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"] as const;
const PREFIX: Readonly<Record<IpFamily, string>> = { ipv4: "iptables", ipv6: "ip6tables" };
/** Group or others may write. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Finds the programs of a variant.
 * @throws {KernelError} ENOSYS, naming what is missing and what brings it.
 */
export function findPrograms(variant: IptablesVariant, family: IpFamily): IptablesPrograms {
  const setpriv = findProgram("setpriv");
  const found = programsOf(variant, family);
  if (setpriv === undefined || found === undefined) {
    const missing = setpriv === undefined ? "setpriv" : `${variant.replace("iptables", PREFIX[family])}-restore`;
    const packageName = setpriv === undefined ? "util-linux" : "iptables";
    throw new KernelError(
      "ENOSYS",
      "find iptables",
      `${missing} is not installed; looked in ${FOLDERS.join(", ")} for a program that only root can change; ` +
        `Debian, Ubuntu and Fedora have it in the package ${packageName}`,
    );
  }
  return { setpriv, ...found };
}

/** Tells whether a variant is installed. */
export function isInstalled(variant: IptablesVariant): boolean {
  return programsOf(variant, "ipv4") !== undefined;
}

/** Gives the variant that `iptables` is on this machine, or the one that is installed; `undefined`: none is. */
export function defaultVariant(): IptablesVariant | undefined {
  const path = findProgram("iptables-restore");
  const chosen = path === undefined ? undefined : variantOf(path);
  return chosen ?? VARIANTS.find(isInstalled);
}

function programsOf(variant: IptablesVariant, family: IpFamily): Omit<IptablesPrograms, "setpriv"> | undefined {
  const named = pair(variant.replace("iptables", PREFIX[family]));
  if (named !== undefined) return named;
  // Where there is one variant only, its programs have the short names.
  const plain = pair(PREFIX[family]);
  return plain !== undefined && variantOf(plain.restore) === variant ? plain : undefined;
}

function pair(name: string): Omit<IptablesPrograms, "setpriv"> | undefined {
  const [list, restore] = [findProgram(name), findProgram(`${name}-restore`)];
  return list === undefined || restore === undefined ? undefined : { list, restore, save: findProgram(`${name}-save`) };
}

/** Names of the programs lead to one file for all of them, which has the variant in its name; before there were two it had not. */
function variantOf(path: string): IptablesVariant {
  return basename(realpathSync(path)).includes("nft") ? "iptables-nft" : "iptables-legacy";
}

/** Gives the path of a program that only root can change; `undefined`: there is none. */
function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${name}`).find(isRoots);
}

/** Does not trust: a link may lead anywhere. In a user namespace root is whoever owns "/". */
function isRoots(path: string): boolean {
  try {
    const file = realpathSync(path);
    const { uid: root } = statSync("/");
    return [file, dirname(file)].every((each) => {
      const { uid, mode } = statSync(each);
      return uid === root && (mode & WRITABLE_BY_OTHERS) === 0;
    });
  } catch {
    return false;
  }
}
