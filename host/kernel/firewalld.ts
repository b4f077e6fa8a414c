/**
 * @module firewalld: sources that belong to a zone of its. The only service of the node that the helper asks; it is asked nothing else.
 */
import { statSync } from "node:fs";
import { BusError, SystemBus } from "./dbus/bus.ts";
import type { BusValue } from "./dbus/message.ts";
import { KernelError, isKernelError } from "./error.ts";
import type { Netns } from "./netns.ts";

const NAME = "org.fedoraproject.FirewallD1";
const ZONE = { destination: NAME, path: "/org/fedoraproject/FirewallD1", interface: `${NAME}.zone` };
/** How long a firewalld that did not answer is asked nothing, in ms: while it is waited for, nothing else is done. */
const REST_MS = 5000;

/** When one was silent. */
let silentAt: number | undefined;

/** A source of a zone. */
export interface ZoneSource {
  readonly zone: string;
  /** An address with its prefix length. */
  readonly source: string;
}

/** The firewalld of the node, while it is talked to. */
export class Firewalld implements Disposable {
  readonly #bus: SystemBus;

  private constructor(bus: SystemBus) {
    this.#bus = bus;
  }

  /**
   * Finds the one that filters for a namespace; `undefined`: it does not run, or filters for another one.
   * @throws {KernelError} ETIMEDOUT when it, or the bus, is silent, and for a while after it was.
   */
  static open(netns: Pick<Netns, "device" | "inode">, path?: string): Firewalld | undefined {
    return watchingSilence("find firewalld", () => {
      const bus = SystemBus.open(path);
      if (bus === undefined) return undefined;
      try {
        if (bus.hasOwner(NAME) && isIn(bus.processOf(NAME), netns)) return new Firewalld(bus);
      } catch (error) {
        bus[Symbol.dispose]();
        // It ended between the two questions.
        if (error instanceof BusError) return undefined;
        throw error;
      }
      bus[Symbol.dispose]();
      return undefined;
    });
  }

  /**
   * Adds a source to a zone. One that is there already is no error.
   * @throws {KernelError} EEXIST when it belongs to another zone, ENODEV when there is no such zone, EREMOTEIO when firewalld refuses, ETIMEDOUT
   * when it is silent, ESRCH when it is gone.
   */
  add(source: ZoneSource): void {
    this.#ask("addSource", source, ["ZONE_ALREADY_SET"]);
  }

  /** Removes a source from a zone. One that is not there, or belongs to another zone, is no error. @throws {KernelError} as {@link add}. */
  remove(source: ZoneSource): void {
    this.#ask("removeSource", source, ["UNKNOWN_SOURCE", "ZONE_CONFLICT", "INVALID_ZONE"]);
  }

  /** Tells whether a zone has a source. @throws {KernelError} as {@link add}. */
  has(source: ZoneSource): boolean {
    return this.#ask("querySource", source, ["INVALID_ZONE"]) === true;
  }

  [Symbol.dispose](): void {
    this.#bus[Symbol.dispose]();
  }

  /** `tolerated`: refusals that are no errors, by the first word of firewalld's text. Source: errors.py, firewalld 1.3. */
  #ask(member: string, { zone, source }: ZoneSource, tolerated: readonly string[]): BusValue {
    return watchingSilence(member, () => {
      try {
        return this.#bus.call({ ...ZONE, member, args: [zone, source] });
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        const [word = ""] = error.text.split(":");
        if (tolerated.includes(word)) return undefined;
        throw new KernelError(errnoOf(word, error.errorName), member, `firewalld: ${error.text}`);
      }
    });
  }
}

/** What the bus answers for somebody who has ended, before the question or after it. Source: D-Bus Specification 0.43. */
const GONE = ["NameHasNoOwner", "NoReply", "ServiceUnknown"];

function errnoOf(word: string, errorName: string): string {
  if (word === "ZONE_CONFLICT") return "EEXIST";
  if (word === "INVALID_ZONE") return "ENODEV";
  return GONE.some((each) => errorName === `org.freedesktop.DBus.Error.${each}`) ? "ESRCH" : "EREMOTEIO";
}

/** A firewalld of another network namespace, which shares the bus's socket with this one, filters nothing here. */
function isIn(pid: BusValue, { device, inode }: Pick<Netns, "device" | "inode">): boolean {
  try {
    const { dev, ino } = statSync(`/proc/${String(pid)}/ns/net`, { bigint: true });
    return dev === device && ino === inode;
  } catch {
    return false;
  }
}

function watchingSilence<Result>(call: string, run: () => Result): Result {
  if (silentAt !== undefined && performance.now() - silentAt < REST_MS)
    throw new KernelError("ETIMEDOUT", call, "firewalld did not answer a moment ago");
  silentAt = undefined;
  try {
    return run();
  } catch (error) {
    if (isKernelError(error, "ETIMEDOUT")) silentAt = performance.now();
    throw error;
  }
}
