/**
 * @module The packet filter, by libnftables inside this process: typed values become its JSON; there is no rule text.
 */

import koffi, { type KoffiFunc } from "koffi";

import { withinPoints } from "../spec/fault-points.ts";
import { isKernelError, KernelError } from "./error.ts";
import { closeDescriptor, describeErrno, errnoName } from "./libc.ts";
import { runInNetns, type Netns } from "./netns.ts";
import {
  createElementsRequest,
  deleteElementsRequest,
  deleteEmptyFrameRequests,
  deleteEmptyTableRequest,
  type Frame,
  inParts,
  type NewElement,
  transactionOf,
} from "./netlink/filter-changes.ts";
import {
  type ChainFacts,
  type ElementKey,
  getChainRequest,
  getElementRequest,
  getTableRequest,
  type MapElement,
  type MapReference,
  type TableReference,
  NETLINK_NETFILTER,
  readChain,
  readElement,
  readTableUse,
} from "./netlink/filter-messages.ts";
import { NetlinkSocket, type NetlinkRequest, type ReadMessage } from "./netlink/socket.ts";
import type { NftCommand, NftReply } from "./nftables-types.ts";
import { duplicateDescriptor } from "./peer.ts";
import { countKernelTime } from "./time.ts";

export type { NftCommand, NftReply } from "./nftables-types.ts";

/** Name of the library, by its binary interface. Debian has it in `libnftables1`. */
const LIBRARY = "libnftables.so.1";
/** Answers in JSON, and so expects it. Source: NFT_CTX_OUTPUT_JSON, nftables/libnftables.h. */
const OUTPUT_JSON = 1 << 4;

type Context = unknown;

declare const FRAME_TEXT: unique symbol;
/** Text of this program's own, a constant. Nothing from outside is ever part of it. */
export type FrameText = string & { readonly [FRAME_TEXT]: true };

/** What is to change in maps. */
export interface ElementChanges {
  readonly gone: readonly { readonly map: MapReference; readonly keys: readonly ElementKey[] }[];
  readonly made: readonly { readonly map: MapReference; readonly elements: readonly NewElement[] }[];
}

/** Functions of the library. Source: nftables/libnftables.h, version 1.0.6. */
interface Library {
  readonly create: KoffiFunc<(flags: number) => Context>;
  readonly free: KoffiFunc<(context: Context) => void>;
  readonly bufferOutput: KoffiFunc<(context: Context) => number>;
  readonly bufferError: KoffiFunc<(context: Context) => number>;
  readonly readOutput: KoffiFunc<(context: Context) => string>;
  readonly readError: KoffiFunc<(context: Context) => string>;
  readonly setOutputFlags: KoffiFunc<(context: Context, flags: number) => void>;
  readonly setDryRun: KoffiFunc<(context: Context, isDry: boolean) => void>;
  readonly run: KoffiFunc<(context: Context, commands: string) => number>;
}

let loaded: Library | undefined;

function loadLibrary(): Library {
  if (loaded !== undefined) return loaded;
  let library;
  try {
    library = koffi.load(LIBRARY);
  } catch {
    throw new KernelError(
      "ENOSYS",
      "load libnftables",
      `${LIBRARY} is not installed; Debian and Ubuntu have it in the package libnftables1`,
    );
  }
  loaded = {
    create: library.func("void *nft_ctx_new(uint32_t)") as Library["create"],
    free: library.func("void nft_ctx_free(void *)") as Library["free"],
    bufferOutput: library.func("int nft_ctx_buffer_output(void *)") as Library["bufferOutput"],
    bufferError: library.func("int nft_ctx_buffer_error(void *)") as Library["bufferError"],
    readOutput: library.func("const char *nft_ctx_get_output_buffer(void *)") as Library["readOutput"],
    readError: library.func("const char *nft_ctx_get_error_buffer(void *)") as Library["readError"],
    setOutputFlags: library.func("void nft_ctx_output_set_flags(void *, uint)") as Library["setOutputFlags"],
    setDryRun: library.func("void nft_ctx_set_dry_run(void *, bool)") as Library["setDryRun"],
    run: library.func("int nft_run_cmd_from_buffer(void *, const char *)") as Library["run"],
  };
  return loaded;
}

/**
 * The packet filter of one namespace. A context of the library belongs to the namespace it is made in; its commands are also run
 * in there, because some versions open sockets again.
 */
export class Nftables implements Disposable {
  /** Runs of the library, for tests of what is asked of the kernel. */
  runs = 0;
  readonly #library: Library;
  readonly #context: Context;
  readonly #netnsFd: number;
  readonly #socket: NetlinkSocket;
  #closed = false;

  private constructor(library: Library, context: Context, netns: Pick<Netns, "fd">) {
    this.#library = library;
    this.#context = context;
    this.#netnsFd = duplicateDescriptor(netns.fd);
    this.#socket = new NetlinkSocket(netns, NETLINK_NETFILTER);
  }

  /**
   * Opens the packet filter of a namespace. It stays bound to it when the {@link Netns} is closed.
   * @throws {KernelError} ENOSYS when libnftables is not installed.
   */
  static open(netns: Pick<Netns, "fd">): Nftables {
    const library = loadLibrary();
    const context = runInNetns(netns, () => library.create(0));
    if (context === null) throw new KernelError("ENOMEM", "nft_ctx_new");
    library.bufferOutput(context);
    library.bufferError(context);
    library.setOutputFlags(context, OUTPUT_JSON);
    return new Nftables(library, context, netns);
  }

  /**
   * Runs commands, all or none of them. One that the kernel refuses costs it a grace period of 7 to 20 ms: look first where that is cheap.
   * @throws {KernelError} ENOENT, EEXIST, EBUSY and others of the kernel; EINVAL when the library refuses a command.
   */
  run(commands: readonly NftCommand[]): NftReply {
    const output = this.#runJson(JSON.stringify({ nftables: commands }));
    return output === "" ? [] : readReply(output);
  }

  /** As {@link Nftables.run}, of constant text of this program's own: libnftables 1.0.6 dies of the JSON of a translation by a map. */
  runFrame(text: FrameText): void {
    this.#runJson(text);
  }

  /** As {@link Nftables.judge}, of such text. */
  judgeFrame(text: FrameText): void {
    this.#dry(() => this.#runJson(text));
  }

  /**
   * Has the kernel judge commands, and do none of them. Costs a grace period of 7 to 20 ms.
   * @throws {KernelError} as {@link Nftables.run} does: ENOENT where the kernel lacks what they need.
   */
  judge(commands: readonly NftCommand[]): void {
    this.#dry(() => this.#runJson(JSON.stringify({ nftables: commands })));
  }

  /** Looks one element of a map up, without listing the others; `undefined`: there is none, or no such map. */
  getElement(map: MapReference, key: ElementKey): MapElement | undefined {
    return this.#ask(getElementRequest(map, key), readElement);
  }

  /** Counts what uses a chain: its own rules, and the verdicts that lead to it; `undefined`: there is none. */
  getChainUse(chain: MapReference): number | undefined {
    return this.getChain(chain)?.use;
  }

  /** Looks one chain up; `undefined`: there is none. */
  getChain(chain: MapReference): ChainFacts | undefined {
    return this.#ask(getChainRequest(chain), readChain);
  }

  /** Counts the chains and maps of a table; `undefined`: there is none. */
  getTableUse(table: TableReference): number | undefined {
    return this.#ask(getTableRequest(table), readTableUse);
  }

  /**
   * Makes elements of maps, all or none of them.
   * @throws {KernelError} EEXIST when one is there, ENOENT without its map or its chain.
   */
  createElements(elements: readonly { readonly map: MapReference; readonly elements: readonly NewElement[] }[]): void {
    this.#change(elements.map(({ map, elements: each }) => createElementsRequest(map, each)));
  }

  /**
   * Deletes elements of maps, all or none of them.
   * @throws {KernelError} ENOENT when one is not there.
   */
  deleteElements(elements: readonly { readonly map: MapReference; readonly keys: readonly ElementKey[] }[]): void {
    this.#change(elements.map(({ map, keys }) => deleteElementsRequest(map, keys)));
  }

  /**
   * Deletes a frame, if its maps are empty, and the table with it, if that has nothing else. What the kernel refuses costs a grace period.
   * @returns whether it is gone; false: it is in use.
   */
  deleteEmptyFrame(frame: Frame): boolean {
    const use = this.getTableUse(frame.table);
    if (use === undefined) return true;
    const isAlone = use === frame.maps.length + frame.chains.length;
    const requests = deleteEmptyFrameRequests(frame);
    try {
      this.#change(isAlone ? [...requests, deleteEmptyTableRequest(frame.table)] : requests);
      return true;
    } catch (error) {
      if (isKernelError(error, "ENOENT")) return true;
      if (isKernelError(error, "EBUSY")) return false;
      throw error;
    }
  }

  /**
   * Deletes and makes elements of maps in one transaction: all of it or nothing.
   * @throws {KernelError} EEXIST when one is there, ENOENT when one is not, or without a map or a chain.
   */
  replaceElements(changes: ElementChanges): void {
    this.#change([
      ...changes.gone.flatMap(({ map, keys }) => inParts(keys).map((part) => deleteElementsRequest(map, part))),
      ...changes.made.flatMap(({ map, elements }) => inParts(elements).map((part) => createElementsRequest(map, part))),
    ]);
  }

  /** Closes the packet filter. What it made stays. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket[Symbol.dispose]();
    this.#library.free(this.#context);
    closeDescriptor(this.#netnsFd);
  }

  #change(requests: readonly NetlinkRequest[]): void {
    if (this.#closed) throw new KernelError("EBADF", "nft");
    if (requests.length > 0) this.#socket.changeTogether(transactionOf(requests), requests[0]?.call ?? "");
  }

  #ask<Value>(request: NetlinkRequest, read: ReadMessage<Value>): Value | undefined {
    try {
      return this.#socket.ask(request, read);
    } catch (error) {
      if (isKernelError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  #dry(run: () => void): void {
    this.#library.setDryRun(this.#context, true);
    try {
      run();
    } finally {
      this.#library.setDryRun(this.#context, false);
    }
  }

  #runJson(json: string): string {
    if (this.#closed) throw new KernelError("EBADF", "nft");
    this.runs += 1;
    const library = this.#library;
    const context = this.#context;
    return withinPoints("kernel.nftables", "", () =>
      countKernelTime(() =>
        runInNetns({ fd: this.#netnsFd }, () => {
          const failed = library.run(context, json) !== 0;
          const errno = koffi.errno();
          // Both buffers are emptied by being read.
          const output = library.readOutput(context);
          const problem = library.readError(context);
          if (failed) throw refusal(problem, errno);
          return output;
        }),
      ),
    );
  }
}

/** The error number that the library leaves counts only where its text has the same words: its parser sets none. */
function refusal(problem: string, errno: number): KernelError {
  const text = problem.trim().split("\n")[0] ?? "";
  const known = text.endsWith(describeErrno(errno));
  // Without the kernel's part of the table the library says so in words of its own.
  const missing = /No such file or directory/u.test(text) ? "ENOENT" : "EINVAL";
  return new KernelError(known ? errnoName(errno) : missing, "nft", text);
}

function readReply(output: string): NftReply {
  try {
    const { nftables } = JSON.parse(output) as { nftables?: unknown };
    if (Array.isArray(nftables)) return nftables as NftReply;
  } catch {
    // Told apart below: an answer that is no JSON is no answer.
  }
  throw new KernelError("EPROTO", "nft", "not the JSON of libnftables");
}
