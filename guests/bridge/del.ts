/**
 * @module DEL of the plugin `bridge`. Goes on after a failure, and reports all of them; the host then removes what is left.
 */
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { quote } from "../sdk/configuration.ts";
import { PluginFailure, toPluginError } from "../sdk/index.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { readDeletionConfiguration } from "./configuration.ts";
import type { BridgeImports } from "./imports.ts";

/** The link is gone, with or without its namespace; or it is not this attachment's, and then it is not ours to delete. */
const GONE = ["not-found", "no-namespace", "not-permitted"];

/**
 * Takes the container off the bridge. Masquerading ends before the addresses are released, since the next container with one of them
 * may masquerade it at once; the addresses before the link, since an IPAM plugin may need the link (DHCP); the link, which is slow, last.
 */
export function deleteAttachment(imports: BridgeImports, request: Request, container: ContainerNamespace): void {
  const { masquerade, ipam, containerLinks } = imports;
  const { ipMasq, hasIpam } = readDeletionConfiguration(request);
  const { ifname } = request;
  const steps: (() => void)[] = [];
  if (ipMasq) {
    steps.push(() => tolerate(`stop masquerading ${quote(ifname)}`, ["unsupported"], () => masquerade.remove()));
  }
  if (hasIpam) steps.push(() => ipam.del());
  if (request.netns !== "") {
    steps.push(() => tolerate(`delete link ${quote(ifname)}`, GONE, () => containerLinks.delete(container, ifname)));
  }
  runAll(steps);
}

/**
 * Runs every step.
 * @throws {PluginFailure} the first failure, with the others in its details.
 */
function runAll(steps: readonly (() => void)[]): void {
  const failures = steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (caught) {
      return [toPluginError(caught)];
    }
  });
  const [first, ...others] = failures;
  if (first === undefined) return;
  const details = [first.details, ...others.map(({ message }) => message)].filter((text) => text !== undefined);
  throw new PluginFailure(first.code, first.message, details.length === 0 ? undefined : details.join("; "));
}
