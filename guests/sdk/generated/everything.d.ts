// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./addresses.d.ts" />
/// <reference path="./announce.d.ts" />
/// <reference path="./attachment.d.ts" />
/// <reference path="./batch.d.ts" />
/// <reference path="./bridge-vlans.d.ts" />
/// <reference path="./chained.d.ts" />
/// <reference path="./clock.d.ts" />
/// <reference path="./conntrack.d.ts" />
/// <reference path="./container-addresses.d.ts" />
/// <reference path="./container-child-links.d.ts" />
/// <reference path="./container-filter.d.ts" />
/// <reference path="./container-link-attributes.d.ts" />
/// <reference path="./container-links.d.ts" />
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./container-routes.d.ts" />
/// <reference path="./container-rules.d.ts" />
/// <reference path="./container-sysctls.d.ts" />
/// <reference path="./container-virtual-links.d.ts" />
/// <reference path="./container-vrfs.d.ts" />
/// <reference path="./container.d.ts" />
/// <reference path="./device-info.d.ts" />
/// <reference path="./devices.d.ts" />
/// <reference path="./dhcp.d.ts" />
/// <reference path="./forward-rules.d.ts" />
/// <reference path="./host-ports.d.ts" />
/// <reference path="./ipam.d.ts" />
/// <reference path="./leases.d.ts" />
/// <reference path="./log.d.ts" />
/// <reference path="./masquerade.d.ts" />
/// <reference path="./network.d.ts" />
/// <reference path="./node-addresses.d.ts" />
/// <reference path="./node-forwarding.d.ts" />
/// <reference path="./node-links.d.ts" />
/// <reference path="./node-routes.d.ts" />
/// <reference path="./random.d.ts" />
/// <reference path="./resolver-file.d.ts" />
/// <reference path="./shaping.d.ts" />
/// <reference path="./spoof-guard.d.ts" />
/// <reference path="./types.d.ts" />
/// <reference path="./validate.d.ts" />
declare module 'cnidaria:plugin/everything@0.1.0' {
  import type * as CnidariaPluginAnnounce from 'cnidaria:plugin/announce@0.1.0'; // cnidaria:plugin/announce@0.1.0
  import type * as CnidariaPluginBatch from 'cnidaria:plugin/batch@0.1.0'; // cnidaria:plugin/batch@0.1.0
  import type * as CnidariaPluginBridgeVlans from 'cnidaria:plugin/bridge-vlans@0.1.0'; // cnidaria:plugin/bridge-vlans@0.1.0
  import type * as CnidariaPluginClock from 'cnidaria:plugin/clock@0.1.0'; // cnidaria:plugin/clock@0.1.0
  import type * as CnidariaPluginConntrack from 'cnidaria:plugin/conntrack@0.1.0'; // cnidaria:plugin/conntrack@0.1.0
  import type * as CnidariaPluginContainerAddresses from 'cnidaria:plugin/container-addresses@0.1.0'; // cnidaria:plugin/container-addresses@0.1.0
  import type * as CnidariaPluginContainerChildLinks from 'cnidaria:plugin/container-child-links@0.1.0'; // cnidaria:plugin/container-child-links@0.1.0
  import type * as CnidariaPluginContainerFilter from 'cnidaria:plugin/container-filter@0.1.0'; // cnidaria:plugin/container-filter@0.1.0
  import type * as CnidariaPluginContainerLinkAttributes from 'cnidaria:plugin/container-link-attributes@0.1.0'; // cnidaria:plugin/container-link-attributes@0.1.0
  import type * as CnidariaPluginContainerLinks from 'cnidaria:plugin/container-links@0.1.0'; // cnidaria:plugin/container-links@0.1.0
  import type * as CnidariaPluginContainerNamespace from 'cnidaria:plugin/container-namespace@0.1.0'; // cnidaria:plugin/container-namespace@0.1.0
  import type * as CnidariaPluginContainerRoutes from 'cnidaria:plugin/container-routes@0.1.0'; // cnidaria:plugin/container-routes@0.1.0
  import type * as CnidariaPluginContainerRules from 'cnidaria:plugin/container-rules@0.1.0'; // cnidaria:plugin/container-rules@0.1.0
  import type * as CnidariaPluginContainerSysctls from 'cnidaria:plugin/container-sysctls@0.1.0'; // cnidaria:plugin/container-sysctls@0.1.0
  import type * as CnidariaPluginContainerVirtualLinks from 'cnidaria:plugin/container-virtual-links@0.1.0'; // cnidaria:plugin/container-virtual-links@0.1.0
  import type * as CnidariaPluginContainerVrfs from 'cnidaria:plugin/container-vrfs@0.1.0'; // cnidaria:plugin/container-vrfs@0.1.0
  import type * as CnidariaPluginDeviceInfo from 'cnidaria:plugin/device-info@0.1.0'; // cnidaria:plugin/device-info@0.1.0
  import type * as CnidariaPluginDevices from 'cnidaria:plugin/devices@0.1.0'; // cnidaria:plugin/devices@0.1.0
  import type * as CnidariaPluginDhcp from 'cnidaria:plugin/dhcp@0.1.0'; // cnidaria:plugin/dhcp@0.1.0
  import type * as CnidariaPluginForwardRules from 'cnidaria:plugin/forward-rules@0.1.0'; // cnidaria:plugin/forward-rules@0.1.0
  import type * as CnidariaPluginHostPorts from 'cnidaria:plugin/host-ports@0.1.0'; // cnidaria:plugin/host-ports@0.1.0
  import type * as CnidariaPluginIpam from 'cnidaria:plugin/ipam@0.1.0'; // cnidaria:plugin/ipam@0.1.0
  import type * as CnidariaPluginLeases from 'cnidaria:plugin/leases@0.1.0'; // cnidaria:plugin/leases@0.1.0
  import type * as CnidariaPluginLog from 'cnidaria:plugin/log@0.1.0'; // cnidaria:plugin/log@0.1.0
  import type * as CnidariaPluginMasquerade from 'cnidaria:plugin/masquerade@0.1.0'; // cnidaria:plugin/masquerade@0.1.0
  import type * as CnidariaPluginNodeAddresses from 'cnidaria:plugin/node-addresses@0.1.0'; // cnidaria:plugin/node-addresses@0.1.0
  import type * as CnidariaPluginNodeForwarding from 'cnidaria:plugin/node-forwarding@0.1.0'; // cnidaria:plugin/node-forwarding@0.1.0
  import type * as CnidariaPluginNodeLinks from 'cnidaria:plugin/node-links@0.1.0'; // cnidaria:plugin/node-links@0.1.0
  import type * as CnidariaPluginNodeRoutes from 'cnidaria:plugin/node-routes@0.1.0'; // cnidaria:plugin/node-routes@0.1.0
  import type * as CnidariaPluginRandom from 'cnidaria:plugin/random@0.1.0'; // cnidaria:plugin/random@0.1.0
  import type * as CnidariaPluginResolverFile from 'cnidaria:plugin/resolver-file@0.1.0'; // cnidaria:plugin/resolver-file@0.1.0
  import type * as CnidariaPluginShaping from 'cnidaria:plugin/shaping@0.1.0'; // cnidaria:plugin/shaping@0.1.0
  import type * as CnidariaPluginSpoofGuard from 'cnidaria:plugin/spoof-guard@0.1.0'; // cnidaria:plugin/spoof-guard@0.1.0
  import type * as CnidariaPluginTypes from 'cnidaria:plugin/types@0.1.0'; // cnidaria:plugin/types@0.1.0
  import type * as CnidariaPluginAttachment from 'cnidaria:plugin/attachment@0.1.0'; // cnidaria:plugin/attachment@0.1.0
  import type * as CnidariaPluginChained from 'cnidaria:plugin/chained@0.1.0'; // cnidaria:plugin/chained@0.1.0
  import type * as CnidariaPluginAddresses from 'cnidaria:plugin/addresses@0.1.0'; // cnidaria:plugin/addresses@0.1.0
  import type * as CnidariaPluginNetwork from 'cnidaria:plugin/network@0.1.0'; // cnidaria:plugin/network@0.1.0
  import type * as CnidariaPluginContainer from 'cnidaria:plugin/container@0.1.0'; // cnidaria:plugin/container@0.1.0
  import type * as CnidariaPluginValidate from 'cnidaria:plugin/validate@0.1.0'; // cnidaria:plugin/validate@0.1.0
  export interface ImportObject {
    'cnidaria:plugin/announce@0.1.0': typeof CnidariaPluginAnnounce,
    'cnidaria:plugin/batch@0.1.0': typeof CnidariaPluginBatch,
    'cnidaria:plugin/bridge-vlans@0.1.0': typeof CnidariaPluginBridgeVlans,
    'cnidaria:plugin/clock@0.1.0': typeof CnidariaPluginClock,
    'cnidaria:plugin/conntrack@0.1.0': typeof CnidariaPluginConntrack,
    'cnidaria:plugin/container-addresses@0.1.0': typeof CnidariaPluginContainerAddresses,
    'cnidaria:plugin/container-child-links@0.1.0': typeof CnidariaPluginContainerChildLinks,
    'cnidaria:plugin/container-filter@0.1.0': typeof CnidariaPluginContainerFilter,
    'cnidaria:plugin/container-link-attributes@0.1.0': typeof CnidariaPluginContainerLinkAttributes,
    'cnidaria:plugin/container-links@0.1.0': typeof CnidariaPluginContainerLinks,
    'cnidaria:plugin/container-namespace@0.1.0': typeof CnidariaPluginContainerNamespace,
    'cnidaria:plugin/container-routes@0.1.0': typeof CnidariaPluginContainerRoutes,
    'cnidaria:plugin/container-rules@0.1.0': typeof CnidariaPluginContainerRules,
    'cnidaria:plugin/container-sysctls@0.1.0': typeof CnidariaPluginContainerSysctls,
    'cnidaria:plugin/container-virtual-links@0.1.0': typeof CnidariaPluginContainerVirtualLinks,
    'cnidaria:plugin/container-vrfs@0.1.0': typeof CnidariaPluginContainerVrfs,
    'cnidaria:plugin/device-info@0.1.0': typeof CnidariaPluginDeviceInfo,
    'cnidaria:plugin/devices@0.1.0': typeof CnidariaPluginDevices,
    'cnidaria:plugin/dhcp@0.1.0': typeof CnidariaPluginDhcp,
    'cnidaria:plugin/forward-rules@0.1.0': typeof CnidariaPluginForwardRules,
    'cnidaria:plugin/host-ports@0.1.0': typeof CnidariaPluginHostPorts,
    'cnidaria:plugin/ipam@0.1.0': typeof CnidariaPluginIpam,
    'cnidaria:plugin/leases@0.1.0': typeof CnidariaPluginLeases,
    'cnidaria:plugin/log@0.1.0': typeof CnidariaPluginLog,
    'cnidaria:plugin/masquerade@0.1.0': typeof CnidariaPluginMasquerade,
    'cnidaria:plugin/node-addresses@0.1.0': typeof CnidariaPluginNodeAddresses,
    'cnidaria:plugin/node-forwarding@0.1.0': typeof CnidariaPluginNodeForwarding,
    'cnidaria:plugin/node-links@0.1.0': typeof CnidariaPluginNodeLinks,
    'cnidaria:plugin/node-routes@0.1.0': typeof CnidariaPluginNodeRoutes,
    'cnidaria:plugin/random@0.1.0': typeof CnidariaPluginRandom,
    'cnidaria:plugin/resolver-file@0.1.0': typeof CnidariaPluginResolverFile,
    'cnidaria:plugin/shaping@0.1.0': typeof CnidariaPluginShaping,
    'cnidaria:plugin/spoof-guard@0.1.0': typeof CnidariaPluginSpoofGuard,
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
