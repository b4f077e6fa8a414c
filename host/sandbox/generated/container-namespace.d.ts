// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-namespace@0.1.0 **/

export class ContainerNamespace {
  /**
   * This type does not have a public constructor.
   */
  private constructor();
}
