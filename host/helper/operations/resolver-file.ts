/**
 * @module `resolver-file`: the settings in one granted file of the node.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import * as z from "zod";
import { OperationFailure, operation } from "./operation.ts";
import type { OperationInterface } from "./operation.ts";

/** Largest file that is read, in bytes. */
const FILE_MAX_BYTES = 64 * 1024;
/** Longest path, in UTF-16 units. Source: PATH_MAX, linux/limits.h. */
const PATH_MAX = 4096;

/** The WIT record `dns`. */
interface Dns {
  readonly nameservers: string[];
  domain?: string;
  search: string[];
  readonly options: string[];
}

export const RESOLVER_FILE: OperationInterface = {
  name: "resolver-file",
  errors: { ENOENT: "not-permitted", ENOTDIR: "not-permitted" },
  otherwise: "unreadable",
  operations: {
    read: operation({
      effect: "read",
      maxCalls: 16,
      schema: z.tuple([z.string().max(PATH_MAX)]),
      run: (_context, [path]) => parseResolverSettings(readSmallFile(path)),
    }),
  },
};

/** Reads a regular file. A FIFO or device is opened without waiting, and then refused. */
function readSmallFile(path: string): string {
  const descriptor = openFile(path);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > FILE_MAX_BYTES) throw new OperationFailure("unreadable");
    const buffer = Buffer.alloc(FILE_MAX_BYTES);
    return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, FILE_MAX_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new OperationFailure(code === "ENOENT" || code === "ENOTDIR" ? "not-permitted" : "unreadable");
  }
}

/** Reads resolver settings. Of `domain` and `search` the last line counts. Source: resolv.conf(5). */
export function parseResolverSettings(text: string): Dns {
  const dns: Dns = { nameservers: [], search: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/u);
    // A value may be followed by a comment.
    const end = values.findIndex((value) => value.startsWith("#") || value.startsWith(";"));
    const given = end < 0 ? values : values.slice(0, end);
    if (given[0] === undefined) continue;
    if (keyword === "nameserver") dns.nameservers.push(given[0]);
    else if (keyword === "domain") dns.domain = given[0];
    else if (keyword === "search") dns.search = given;
    else if (keyword === "options") dns.options.push(...given);
  }
  return dns;
}
