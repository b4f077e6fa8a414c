/**
 * @module DEL of the plugin `bridge`. Goes on after a failure, and reports all of them; the host then removes what is left.
 */
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { PluginError, Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { allTogether, PluginFailure, type Step, toPluginError } from "../sdk/index.ts";
import { readDeletionConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** The link is gone, with or without its namespace; or it is not this attachment's, and then it is not ours to delete. */
const GONE = ["not-found", "no-namespace", "not-permitted"];

/**
 * Takes the container off the bridge. Masquerading ends before the addresses are released, since the next container with one of them
 * may masquerade it at once; so does the link, which the kernel takes down while the addresses are released, unless the IPAM plugin
 * needs it for that.
 * @throws {PluginFailure} the first failure, with the others in its details.
 */
export function deleteAttachment(imports: BridgeImports, request: Request, container: ContainerNamespace): void {
  const { batch } = imports;
  const { ipMasq, hasIpam, ipamNeedsLink } = readDeletionConfiguration(request);
  const masquerade = ipMasq ? [endOfMasquerade(imports, request)] : [];
  const link = request.netns === "" ? [] : [endOfLink(imports, request, container)];
  const failures = allTogether(batch, ipamNeedsLink ? masquerade : [...masquerade, ...link]);
  if (hasIpam) failures.push(...released(imports));
  if (ipamNeedsLink) failures.push(...allTogether(batch, link));
  report(failures);
}

function endOfMasquerade({ masquerade }: BridgeImports, { ifname }: Request): Step {
  return { what: `stop masquerading ${quote(ifname)}`, act: () => masquerade.remove(), tolerated: ["unsupported"] };
}

function endOfLink({ containerLinks }: BridgeImports, { ifname }: Request, container: ContainerNamespace): Step {
  const act = (): void => containerLinks.delete(container, ifname);
  return { what: `delete link ${quote(ifname)}`, act, tolerated: GONE };
}

/** Has the addresses released; gives the failure. */
function released({ ipam }: BridgeImports): PluginError[] {
  try {
    ipam.del();
    return [];
  } catch (caught) {
    return [toPluginError(caught)];
  }
}

function report([first, ...others]: readonly PluginError[]): void {
  if (first === undefined) return;
  const details = [first.details, ...others.map(({ message }) => message)].filter((text) => text !== undefined);
  throw new PluginFailure(first.code, first.message, details.length === 0 ? undefined : details.join("; "));
}
