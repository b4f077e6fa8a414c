/**
 * @module Whether the leases of a network may have changed since somebody looked.
 */
import { randomUUID } from "node:crypto";

/** Counts the changes that this process makes. What others made shows in the database's own number. */
export class LeaseChanges {
  /** Numbers begin anew with each process: theirs are never taken for this one's. */
  readonly #process = randomUUID();
  readonly #byNetwork = new Map<string, number>();
  #ofAll = 0;

  /** Counts a change in a network; `undefined`: it may be in any. */
  count(network: string | undefined): void {
    if (network === undefined) this.#ofAll += 1;
    else this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? 0) + 1);
  }

  /** Gives a text that is another one after every change. `othersVersion` is the database's number. */
  generation(network: string, othersVersion: number): string {
    return [this.#process, this.#ofAll, this.#byNetwork.get(network) ?? 0, othersVersion].join(".");
  }
}
