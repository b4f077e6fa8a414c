/**
 * @module Which attachments are in use, as far as it can be told without asking a runtime.
 */
import { statSync } from "node:fs";
import type { Host } from "./api.ts";
import type { GcRequest } from "./requests.ts";

/** What is read of a host. */
export type Known = Pick<Host, "attachments" | "cachedAttachments" | "leases">;

/** An address that was taken over may not know its link: GC keeps it with whatever link of its container. Source: `helper/methods/sweep-network.ts`. */
const SOME_LINK = "eth0";

type Key = GcRequest["valid"][number];

/**
 * Lists what is known of a network but the attachments whose namespace is gone. What has no namespace that could be looked at, such as an
 * address that was taken over, is somebody's.
 */
export async function attachmentsInUse(host: Known, network: string): Promise<GcRequest["valid"]> {
  const files = (await host.cachedAttachments()).filter((each) => each.network === network);
  const attachments = [...(await host.attachments({ network })), ...files];
  const [known, there] = [new Set<string>(), new Set<string>()];
  for (const attachment of attachments) {
    const isThere = !leadsNowhere(attachment.netns ?? "");
    for (const ifname of [attachment.ifname, ""]) {
      known.add(textOf({ ...attachment, ifname }));
      if (isThere) there.add(textOf({ ...attachment, ifname }));
    }
  }
  return [...attachments, ...(await host.leases({ network }))]
    .filter((key) => there.has(textOf(key)) || !known.has(textOf(key)))
    .map(({ containerId, ifname }) => ({ containerId, ifname: ifname === "" ? SOME_LINK : ifname }));
}

/** Tells whether there is nothing at a path. What cannot be looked at, as of another user's process, may be there; and so may what has no path. */
function leadsNowhere(path: string): boolean {
  if (path === "") return false;
  try {
    statSync(path);
    return false;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** NUL is in no name. */
function textOf({ containerId, ifname }: Key): string {
  return `${containerId}\0${ifname}`;
}
