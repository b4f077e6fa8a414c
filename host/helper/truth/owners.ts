/**
 * @module Whose a tag may be. A tag is a hash of its owner: it is told only to who guesses that.
 */
import { readdirSync } from "node:fs";
import { isDigest } from "../../components/layout.ts";
import type { Owner } from "../ledger/records.ts";
import { tagOf } from "../ledger/tag.ts";
import type { AttachmentKey } from "../protocol.ts";
import type { HelperState } from "../state.ts";

/** Every owner that there may be: attachments with every plugin that was ever granted. By its tag. */
export function possibleOwners<Attachment extends AttachmentKey>(
  { layout, node }: Pick<HelperState, "layout" | "node">,
  attachments: readonly Attachment[],
): ReadonlyMap<string, { readonly owner: Owner; readonly attachment: Attachment }> {
  const digests = readdirSync(layout.grantsDir)
    .map((name) => `sha256:${name.replace(/\.json$/u, "")}`)
    .filter(isDigest);
  return new Map(
    attachments.flatMap((attachment) => {
      const { network, containerId, ifname } = attachment;
      return digests.map((digest) => {
        const owner: Owner = { network, containerId, ifname, digest, nodeNetnsCookie: node.cookie };
        return [tagOf(owner), { owner, attachment }] as const;
      });
    }),
  );
}
