/**
 * @module CHECK of the plugin `tuning`: compares what the configuration asks for with what is there.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { CODES, fail, must } from "../sdk/index.ts";
import { formatMac } from "../sdk/mac.ts";
import type { TuningConfiguration } from "./configuration.ts";
import type { TuningImports } from "./tuning.ts";

/**
 * Compares settings.
 * @throws {PluginFailure} code 999 for the first that has another value.
 */
export function checkSettings(
  { sysctls }: TuningImports,
  { settings }: TuningConfiguration,
  container: ContainerNamespace,
): void {
  if (settings.length === 0) return;
  const names = settings.map(({ name }) => name);
  const found = must(`read ${settings.map(({ key }) => quote(key)).join(", ")}`, () => sysctls.get(container, names));
  for (const [index, { key, value }] of settings.entries()) {
    const got = found[index]?.value ?? "";
    if (wordsOf(got) !== wordsOf(value)) fail(CODES.internal, `${quote(key)} is ${quote(got)}, want ${quote(value)}`);
  }
}

/** The kernel writes tabs between the numbers of a setting that has several. */
function wordsOf(value: string): string {
  return value.trim().split(/\s+/u).join(" ");
}

/**
 * Compares the link with what is configured; what is not configured may be as it likes.
 * @throws {PluginFailure} code 999 for the first attribute that is another.
 */
export function checkLink(
  { links }: TuningImports,
  configuration: TuningConfiguration,
  { request: { ifname }, container }: { readonly request: Request; readonly container: ContainerNamespace },
): void {
  const isAnyAsked = LINK_ATTRIBUTES.some(({ wanted }) => wanted(configuration) !== undefined);
  if (!isAnyAsked) return;
  const link = must(`read link ${quote(ifname)}`, () => links.get(container, ifname));
  for (const { what, wanted, got } of LINK_ATTRIBUTES) {
    const want = wanted(configuration);
    if (want !== undefined && want !== got(link))
      fail(CODES.internal, `link ${quote(ifname)} has ${what} ${got(link) ?? "none"}, want ${want}`);
  }
}

type Attribute = string | number | boolean | undefined;

const LINK_ATTRIBUTES: readonly {
  readonly what: string;
  readonly wanted: (configuration: TuningConfiguration) => Attribute;
  readonly got: (link: LinkInfo) => Attribute;
}[] = [
  {
    what: "hardware address",
    wanted: ({ mac }) => (mac === undefined ? undefined : formatMac(mac)),
    got: ({ mac }) => (mac === undefined ? undefined : formatMac(mac)),
  },
  { what: "promisc", wanted: ({ promiscuous }) => promiscuous, got: ({ promiscuous }) => promiscuous },
  { what: "mtu", wanted: ({ mtuBytes }) => mtuBytes, got: ({ mtuBytes }) => mtuBytes },
  { what: "allmulti", wanted: ({ allMulticast }) => allMulticast, got: ({ allMulticast }) => allMulticast },
  {
    what: "txQLen",
    wanted: ({ transmitQueueLength }) => transmitQueueLength,
    got: ({ transmitQueueLength }) => transmitQueueLength,
  },
];
