/**
 * @module Interface `container-namespace`: the handle that stands for the container's namespace, for one call.
 */

/** Generation of the open call; a handle of another one is worth nothing. */
let openGeneration = 0;

/** The host's side of the resource `container-namespace`. Generated code checks with `instanceof`. */
export class ContainerNamespace {
  readonly #number: number;
  readonly #generation = openGeneration;

  /** `number`: what the helper called the namespace. */
  constructor(number: number) {
    this.#number = number;
  }

  /**
   * Gives the number to send to the helper.
   * @throws {Error} when the call that the handle was made for is over: traps the guest.
   */
  static numberOf(handle: ContainerNamespace): number {
    if (handle.#generation !== openGeneration) throw new Error("a handle of another call");
    return handle.#number;
  }

  /** Makes every handle of the call that ends worthless. */
  static revokeAll(): void {
    openGeneration += 1;
  }
}
