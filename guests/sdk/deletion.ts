/**
 * @module DEL of the plugins that make a veth pair. Goes on after a failure, and reports all of them; the host then removes what is left.
 */
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type * as Ipam from "cnidaria:plugin/ipam@0.1.0";
import type * as Masquerade from "cnidaria:plugin/masquerade@0.1.0";
import type { PluginError, Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, parseConfiguration, quote } from "./configuration.ts";
import { PluginFailure, toPluginError } from "./errors.ts";
import { allTogether, type BatchImports, type Step } from "./together.ts";

/** The one IPAM plugin that talks to somebody over the container's link, to give addresses back, too. Others never see a namespace. */
const IPAM_OVER_LINK = "dhcp";

/** What is called. */
export interface DeletionImports {
  readonly batch: BatchImports;
  readonly containerLinks: Pick<typeof ContainerLinks, "delete">;
  readonly ipam: Pick<typeof Ipam, "del">;
  readonly masquerade: Pick<typeof Masquerade, "remove">;
}

/** What DEL needs to know. */
export interface DeletionConfiguration {
  readonly ipMasq: boolean;
  readonly hasIpam: boolean;
  /** Whether the IPAM plugin works over the container's link. */
  readonly ipamNeedsLink: boolean;
}

/**
 * Reads what DEL needs, and nothing else: an attachment whose configuration was refused can be deleted.
 * @throws {PluginFailure} code 6 when a field that is needed is of another type.
 */
export function readDeletionConfiguration(request: Request): DeletionConfiguration {
  return readDeletion(parseConfiguration(request.configuration));
}

/**
 * Reads the same of fields that are read already.
 * @throws {PluginFailure} code 6 when one is of another type.
 */
export function readDeletion(fields: Fields): DeletionConfiguration {
  const ipamType = fields.object("ipam")?.text("type");
  return {
    ipMasq: fields.flag("ipMasq"),
    hasIpam: ipamType !== undefined,
    ipamNeedsLink: ipamType === IPAM_OVER_LINK,
  };
}

/** The link is gone, with or without its namespace; or it is not this attachment's, and then it is not ours to delete. */
const GONE = ["not-found", "no-namespace", "not-permitted"];

/**
 * Takes the pair away. Masquerading ends before the addresses are released, since the next container with one of them
 * may masquerade it at once; so does the link, which the kernel takes down while the addresses are released, unless the IPAM plugin
 * needs it for that.
 * @throws {PluginFailure} the first failure, with the others in its details.
 */
export function deletePair(imports: DeletionImports, request: Request, container: ContainerNamespace): void {
  const { batch } = imports;
  const { ipMasq, hasIpam, ipamNeedsLink } = readDeletionConfiguration(request);
  const masquerade = ipMasq ? [endOfMasquerade(imports, request)] : [];
  const link = request.netns === "" ? [] : [endOfLink(imports, request, container)];
  const failures = allTogether(batch, ipamNeedsLink ? masquerade : [...masquerade, ...link]);
  if (hasIpam) failures.push(...released(imports));
  if (ipamNeedsLink) failures.push(...allTogether(batch, link));
  report(failures);
}

function endOfMasquerade({ masquerade }: DeletionImports, { ifname }: Request): Step {
  return { what: `stop masquerading ${quote(ifname)}`, act: () => masquerade.remove(), tolerated: ["unsupported"] };
}

function endOfLink({ containerLinks }: DeletionImports, { ifname }: Request, container: ContainerNamespace): Step {
  const act = (): void => containerLinks.delete(container, ifname);
  return { what: `delete link ${quote(ifname)}`, act, tolerated: GONE };
}

/** Has the addresses released; gives the failure. */
function released({ ipam }: DeletionImports): PluginError[] {
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
