// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
declare module 'cnidaria:plugin/container-namespace@0.1.0' {

  export class ContainerNamespace implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    [Symbol.dispose](): void;
  }
}
