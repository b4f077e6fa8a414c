/**
 * @module The plugin `tuning` over the imports it is given: settings of the container, and attributes of its link.
 */
import type * as ContainerLinkAttributes from "cnidaria:plugin/container-link-attributes@0.1.0";
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type * as ContainerSysctls from "cnidaria:plugin/container-sysctls@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { type BatchImports, must, type PluginExports, type Step, together } from "../sdk/index.ts";
import { resultBefore } from "../sdk/results.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { isOlderThan } from "../sdk/version.ts";
import { checkLink, checkSettings } from "./check.ts";
import { readTuningConfiguration, type TuningConfiguration } from "./configuration.ts";

/** What the plugin calls. */
export interface TuningImports {
  readonly batch: BatchImports;
  readonly linkAttributes: Pick<typeof ContainerLinkAttributes, "set" | "restore">;
  readonly links: Pick<typeof ContainerLinks, "get">;
  readonly sysctls: Pick<typeof ContainerSysctls, "set" | "get">;
}

/** First version of the specification whose result has the MTU of a link. Source: CNI SPEC 1.1.0, section 5, `interfaces`. */
const FIRST_VERSION_WITH_MTU = "1.1.0";
/** The link is gone, with or without its namespace; or the grant covers no links, and then none was changed. */
const NOTHING_TO_RESTORE = ["not-found", "no-namespace", "not-permitted"];

/** Binds the plugin to its imports. */
export function createTuning(imports: TuningImports): NonNullable<PluginExports["attachment"]> {
  return {
    add: (request, container) => addTuning(imports, request, container),
    /** Settings are put back by the host. Reads no configuration, so that an attachment whose configuration was refused can be deleted. */
    del({ netns, ifname }, container) {
      if (netns === "") return;
      tolerate(`restore link ${quote(ifname)}`, NOTHING_TO_RESTORE, () =>
        imports.linkAttributes.restore(container, ifname),
      );
    },
    check(request, container) {
      const configuration = readTuningConfiguration(request);
      checkSettings(imports, configuration, container);
      checkLink(imports, configuration, { request, container });
    },
  };
}

function addTuning(imports: TuningImports, request: Request, container: ContainerNamespace): AttachmentResult {
  const configuration = readTuningConfiguration(request);
  const result = resultBefore(request);
  const { settings } = configuration;
  // One by one, so that an error names the setting.
  const steps = settings.map(({ key, name, value }): Step => ({
    what: `set ${quote(key)} to ${quote(value)}`,
    act: () => imports.sysctls.set(container, [{ name, value }]),
  }));
  if (steps.length > 0) together(imports.batch, steps);
  changeLink(imports, configuration, { request, container });
  return resultOf(result, configuration, request);
}

function changeLink(
  { linkAttributes }: TuningImports,
  configuration: TuningConfiguration,
  { request: { ifname }, container }: { readonly request: Request; readonly container: ContainerNamespace },
): void {
  const { mac, mtuBytes, allMulticast, transmitQueueLength } = configuration;
  const promiscuous = configuration.promiscuous === true ? true : undefined;
  const changes = { mac, mtuBytes, promiscuous, allMulticast, transmitQueueLength };
  const names = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (names.length === 0) return;
  must(`change ${names.join(", ")} of link ${quote(ifname)}`, () => linkAttributes.set(container, ifname, changes));
}

/** The result of before; links of that name have the hardware address, and where the version has room for it the MTU, that they were given. */
function resultOf(
  result: AttachmentResult,
  { mac, mtuBytes }: TuningConfiguration,
  { cniVersion, ifname }: Request,
): AttachmentResult {
  const hasRoom = !isOlderThan(cniVersion, FIRST_VERSION_WITH_MTU);
  const changes = {
    ...(mac === undefined ? {} : { mac }),
    ...(mtuBytes === undefined || !hasRoom ? {} : { mtuBytes }),
  };
  if (Object.keys(changes).length === 0) return result;
  const interfaces = result.interfaces.map((each) => (each.name === ifname ? { ...each, ...changes } : each));
  return { ...result, interfaces };
}
