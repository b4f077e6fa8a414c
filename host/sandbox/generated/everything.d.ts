// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
// world cnidaria:plugin/everything@0.1.0
import type * as CnidariaPluginAnnounce from './announce.js'; // cnidaria:plugin/announce@0.1.0
import type * as CnidariaPluginBatch from './batch.js'; // cnidaria:plugin/batch@0.1.0
import type * as CnidariaPluginBridgeVlans from './bridge-vlans.js'; // cnidaria:plugin/bridge-vlans@0.1.0
import type * as CnidariaPluginClock from './clock.js'; // cnidaria:plugin/clock@0.1.0
import type * as CnidariaPluginConntrack from './conntrack.js'; // cnidaria:plugin/conntrack@0.1.0
import type * as CnidariaPluginContainerAddresses from './container-addresses.js'; // cnidaria:plugin/container-addresses@0.1.0
import type * as CnidariaPluginContainerChildLinks from './container-child-links.js'; // cnidaria:plugin/container-child-links@0.1.0
import type * as CnidariaPluginContainerFilter from './container-filter.js'; // cnidaria:plugin/container-filter@0.1.0
import type * as CnidariaPluginContainerLinkAttributes from './container-link-attributes.js'; // cnidaria:plugin/container-link-attributes@0.1.0
import type * as CnidariaPluginContainerLinks from './container-links.js'; // cnidaria:plugin/container-links@0.1.0
import type * as CnidariaPluginContainerNamespace from './container-namespace.js'; // cnidaria:plugin/container-namespace@0.1.0
import type * as CnidariaPluginContainerRoutes from './container-routes.js'; // cnidaria:plugin/container-routes@0.1.0
import type * as CnidariaPluginContainerRules from './container-rules.js'; // cnidaria:plugin/container-rules@0.1.0
import type * as CnidariaPluginContainerSysctls from './container-sysctls.js'; // cnidaria:plugin/container-sysctls@0.1.0
import type * as CnidariaPluginContainerVirtualLinks from './container-virtual-links.js'; // cnidaria:plugin/container-virtual-links@0.1.0
import type * as CnidariaPluginContainerVrfs from './container-vrfs.js'; // cnidaria:plugin/container-vrfs@0.1.0
import type * as CnidariaPluginDeviceInfo from './device-info.js'; // cnidaria:plugin/device-info@0.1.0
import type * as CnidariaPluginDevices from './devices.js'; // cnidaria:plugin/devices@0.1.0
import type * as CnidariaPluginDhcp from './dhcp.js'; // cnidaria:plugin/dhcp@0.1.0
import type * as CnidariaPluginForwardRules from './forward-rules.js'; // cnidaria:plugin/forward-rules@0.1.0
import type * as CnidariaPluginHostPorts from './host-ports.js'; // cnidaria:plugin/host-ports@0.1.0
import type * as CnidariaPluginIpam from './ipam.js'; // cnidaria:plugin/ipam@0.1.0
import type * as CnidariaPluginLeases from './leases.js'; // cnidaria:plugin/leases@0.1.0
import type * as CnidariaPluginLog from './log.js'; // cnidaria:plugin/log@0.1.0
import type * as CnidariaPluginMasquerade from './masquerade.js'; // cnidaria:plugin/masquerade@0.1.0
import type * as CnidariaPluginNodeAddresses from './node-addresses.js'; // cnidaria:plugin/node-addresses@0.1.0
import type * as CnidariaPluginNodeForwarding from './node-forwarding.js'; // cnidaria:plugin/node-forwarding@0.1.0
import type * as CnidariaPluginNodeLinks from './node-links.js'; // cnidaria:plugin/node-links@0.1.0
import type * as CnidariaPluginNodeRoutes from './node-routes.js'; // cnidaria:plugin/node-routes@0.1.0
import type * as CnidariaPluginRandom from './random.js'; // cnidaria:plugin/random@0.1.0
import type * as CnidariaPluginResolverFile from './resolver-file.js'; // cnidaria:plugin/resolver-file@0.1.0
import type * as CnidariaPluginShaping from './shaping.js'; // cnidaria:plugin/shaping@0.1.0
import type * as CnidariaPluginSpoofGuard from './spoof-guard.js'; // cnidaria:plugin/spoof-guard@0.1.0
import type * as CnidariaPluginTypes from './types.js'; // cnidaria:plugin/types@0.1.0
import type * as CnidariaPluginAttachment from './attachment.js'; // cnidaria:plugin/attachment@0.1.0
import type * as CnidariaPluginChained from './chained.js'; // cnidaria:plugin/chained@0.1.0
import type * as CnidariaPluginAddresses from './addresses.js'; // cnidaria:plugin/addresses@0.1.0
import type * as CnidariaPluginNetwork from './network.js'; // cnidaria:plugin/network@0.1.0
import type * as CnidariaPluginContainer from './container.js'; // cnidaria:plugin/container@0.1.0
import type * as CnidariaPluginValidate from './validate.js'; // cnidaria:plugin/validate@0.1.0
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

