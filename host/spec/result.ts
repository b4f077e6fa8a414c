/**
 * @module Results of ADD as the WIT records have them; the shapes that they have as JSON are in `result-json.ts`.
 */

import type { IpAddress, IpPrefix } from "./ip.ts";
import type { MacAddress } from "./mac.ts";

/** The WIT record `dns`. */
export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain: string | undefined;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** The WIT record `result-interface`. `extensions` is the JSON text of an object, here and below. */
export interface ResultInterface {
  readonly name: string;
  readonly mac: MacAddress | undefined;
  readonly mtuBytes: number | undefined;
  readonly sandbox: string | undefined;
  readonly socketPath: string | undefined;
  readonly pciId: string | undefined;
  readonly extensions: string | undefined;
}

/** The WIT record `result-ip`. */
export interface ResultIp {
  readonly address: IpPrefix;
  readonly gateway: IpAddress | undefined;
  /** Index into `interfaces`. */
  readonly interfaceIndex: number | undefined;
  readonly extensions: string | undefined;
}

/** The WIT record `result-route`. `table` and `scope` tell 0 from absent. */
export interface ResultRoute {
  readonly destination: IpPrefix;
  readonly gateway: IpAddress | undefined;
  readonly mtuBytes: number | undefined;
  readonly advmssBytes: number | undefined;
  readonly priority: number | undefined;
  readonly table: number | undefined;
  readonly scope: number | undefined;
  readonly extensions: string | undefined;
}

/** The WIT record `address-result`. */
export interface AddressResult {
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns | undefined;
  readonly extensions: string | undefined;
}

/** The WIT record `attachment-result`. */
export interface AttachmentResult extends AddressResult {
  readonly interfaces: readonly ResultInterface[];
}

/** The result of an ADD whose plugins say nothing. */
export const EMPTY_RESULT: AttachmentResult = {
  interfaces: [],
  ips: [],
  routes: [],
  dns: undefined,
  extensions: undefined,
};
