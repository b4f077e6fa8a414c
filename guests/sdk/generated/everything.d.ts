// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./addresses.d.ts" />
/// <reference path="./attachment.d.ts" />
/// <reference path="./chained.d.ts" />
/// <reference path="./clock.d.ts" />
/// <reference path="./container-addresses.d.ts" />
/// <reference path="./container-links.d.ts" />
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./container-routes.d.ts" />
/// <reference path="./container.d.ts" />
/// <reference path="./ipam.d.ts" />
/// <reference path="./leases.d.ts" />
/// <reference path="./log.d.ts" />
/// <reference path="./masquerade.d.ts" />
/// <reference path="./network.d.ts" />
/// <reference path="./node-addresses.d.ts" />
/// <reference path="./node-forwarding.d.ts" />
/// <reference path="./node-links.d.ts" />
/// <reference path="./random.d.ts" />
/// <reference path="./resolver-file.d.ts" />
/// <reference path="./types.d.ts" />
/// <reference path="./validate.d.ts" />
declare module 'cnidaria:plugin/everything@0.1.0' {
  import type * as CnidariaPluginClock from 'cnidaria:plugin/clock@0.1.0'; // cnidaria:plugin/clock@0.1.0
  import type * as CnidariaPluginContainerAddresses from 'cnidaria:plugin/container-addresses@0.1.0'; // cnidaria:plugin/container-addresses@0.1.0
  import type * as CnidariaPluginContainerLinks from 'cnidaria:plugin/container-links@0.1.0'; // cnidaria:plugin/container-links@0.1.0
  import type * as CnidariaPluginContainerNamespace from 'cnidaria:plugin/container-namespace@0.1.0'; // cnidaria:plugin/container-namespace@0.1.0
  import type * as CnidariaPluginContainerRoutes from 'cnidaria:plugin/container-routes@0.1.0'; // cnidaria:plugin/container-routes@0.1.0
  import type * as CnidariaPluginIpam from 'cnidaria:plugin/ipam@0.1.0'; // cnidaria:plugin/ipam@0.1.0
  import type * as CnidariaPluginLeases from 'cnidaria:plugin/leases@0.1.0'; // cnidaria:plugin/leases@0.1.0
  import type * as CnidariaPluginLog from 'cnidaria:plugin/log@0.1.0'; // cnidaria:plugin/log@0.1.0
  import type * as CnidariaPluginMasquerade from 'cnidaria:plugin/masquerade@0.1.0'; // cnidaria:plugin/masquerade@0.1.0
  import type * as CnidariaPluginNodeAddresses from 'cnidaria:plugin/node-addresses@0.1.0'; // cnidaria:plugin/node-addresses@0.1.0
  import type * as CnidariaPluginNodeForwarding from 'cnidaria:plugin/node-forwarding@0.1.0'; // cnidaria:plugin/node-forwarding@0.1.0
  import type * as CnidariaPluginNodeLinks from 'cnidaria:plugin/node-links@0.1.0'; // cnidaria:plugin/node-links@0.1.0
  import type * as CnidariaPluginRandom from 'cnidaria:plugin/random@0.1.0'; // cnidaria:plugin/random@0.1.0
  import type * as CnidariaPluginResolverFile from 'cnidaria:plugin/resolver-file@0.1.0'; // cnidaria:plugin/resolver-file@0.1.0
  import type * as CnidariaPluginTypes from 'cnidaria:plugin/types@0.1.0'; // cnidaria:plugin/types@0.1.0
  import type * as CnidariaPluginAttachment from 'cnidaria:plugin/attachment@0.1.0'; // cnidaria:plugin/attachment@0.1.0
  import type * as CnidariaPluginChained from 'cnidaria:plugin/chained@0.1.0'; // cnidaria:plugin/chained@0.1.0
  import type * as CnidariaPluginAddresses from 'cnidaria:plugin/addresses@0.1.0'; // cnidaria:plugin/addresses@0.1.0
  import type * as CnidariaPluginNetwork from 'cnidaria:plugin/network@0.1.0'; // cnidaria:plugin/network@0.1.0
  import type * as CnidariaPluginContainer from 'cnidaria:plugin/container@0.1.0'; // cnidaria:plugin/container@0.1.0
  import type * as CnidariaPluginValidate from 'cnidaria:plugin/validate@0.1.0'; // cnidaria:plugin/validate@0.1.0
  export interface ImportObject {
    'cnidaria:plugin/clock@0.1.0': typeof CnidariaPluginClock,
    'cnidaria:plugin/container-addresses@0.1.0': typeof CnidariaPluginContainerAddresses,
    'cnidaria:plugin/container-links@0.1.0': typeof CnidariaPluginContainerLinks,
    'cnidaria:plugin/container-namespace@0.1.0': typeof CnidariaPluginContainerNamespace,
    'cnidaria:plugin/container-routes@0.1.0': typeof CnidariaPluginContainerRoutes,
    'cnidaria:plugin/ipam@0.1.0': typeof CnidariaPluginIpam,
    'cnidaria:plugin/leases@0.1.0': typeof CnidariaPluginLeases,
    'cnidaria:plugin/log@0.1.0': typeof CnidariaPluginLog,
    'cnidaria:plugin/masquerade@0.1.0': typeof CnidariaPluginMasquerade,
    'cnidaria:plugin/node-addresses@0.1.0': typeof CnidariaPluginNodeAddresses,
    'cnidaria:plugin/node-forwarding@0.1.0': typeof CnidariaPluginNodeForwarding,
    'cnidaria:plugin/node-links@0.1.0': typeof CnidariaPluginNodeLinks,
    'cnidaria:plugin/random@0.1.0': typeof CnidariaPluginRandom,
    'cnidaria:plugin/resolver-file@0.1.0': typeof CnidariaPluginResolverFile,
    'cnidaria:plugin/types@0.1.0': typeof CnidariaPluginTypes,
  }
  export interface Everything {
    'cnidaria:plugin/attachment@0.1.0': typeof CnidariaPluginAttachment,
    attachment: typeof CnidariaPluginAttachment,
    'cnidaria:plugin/chained@0.1.0': typeof CnidariaPluginChained,
    chained: typeof CnidariaPluginChained,
    'cnidaria:plugin/addresses@0.1.0': typeof CnidariaPluginAddresses,
    addresses: typeof CnidariaPluginAddresses,
    'cnidaria:plugin/network@0.1.0': typeof CnidariaPluginNetwork,
    network: typeof CnidariaPluginNetwork,
    'cnidaria:plugin/container@0.1.0': typeof CnidariaPluginContainer,
    container: typeof CnidariaPluginContainer,
    'cnidaria:plugin/validate@0.1.0': typeof CnidariaPluginValidate,
    validate: typeof CnidariaPluginValidate,
  }

  /**
  * Instantiates this component with the provided imports and
  * returns a map of all the exports of the component.
  *
  * This function is intended to be similar to the
  * `WebAssembly.Instantiate` constructor. The second `imports`
  * argument is the "import object" for wasm, except here it
  * uses component-model-layer types instead of core wasm
  * integers/numbers/etc.
  *
  * The first argument to this function, `getCoreModule`, is
  * used to compile core wasm modules within the component.
  * Components are composed of core wasm modules and this callback
  * will be invoked per core wasm module. The caller of this
  * function is responsible for reading the core wasm module
  * identified by `path` and returning its compiled
  * `WebAssembly.Module` object. This would use the
  * `WebAssembly.Module` constructor on the web, for example.
  */
  export function instantiate(
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: ImportObject,
  instantiateCore?: (module: WebAssembly.Module, imports: Record<string, any>) => WebAssembly.Instance
  ): Everything;

}
