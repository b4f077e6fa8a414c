/**
 * @module What a legacy executable reads on its stdin. Pure.
 */

import type { NetworkConfiguration, PluginConfiguration } from "../../spec/configuration.ts";
import type { JsonObject } from "../../spec/json.ts";
import { deriveRequestConfiguration } from "../../spec/request.ts";
import { formatResult } from "../../spec/result-json.ts";
import type { AttachmentResult } from "../../spec/result.ts";

/** What a request is derived from besides the network. */
export interface LegacyRequest {
  readonly configuration: PluginConfiguration;
  /** Capability arguments as given. @default {} */
  readonly runtimeConfig?: JsonObject;
  /** `undefined`: the verb, the version or the place in the chain has none. */
  readonly previousResult?: AttachmentResult | undefined;
  /** Keys that the protocol adds for one verb, such as GC's valid attachments. @default {} */
  readonly extra?: JsonObject;
}

/**
 * Derives the configuration: the operator's object with `name` and the selected `cniVersion`, `runtimeConfig` of the capabilities that it
 * declares, and `prevResult` in the selected version. `capabilities` is left out, as the specification has it and libcni has not.
 * Source: CNI SPEC 1.1.0, section 3, "Deriving request configuration from plugin configuration".
 */
export function legacyStdin(network: NetworkConfiguration, request: LegacyRequest): JsonObject {
  const { configuration, runtimeConfig = {}, previousResult, extra = {} } = request;
  return {
    ...deriveRequestConfiguration(network, configuration, runtimeConfig).configuration,
    ...(previousResult === undefined ? {} : { prevResult: formatResult(previousResult, network.cniVersion) }),
    ...extra,
  };
}
