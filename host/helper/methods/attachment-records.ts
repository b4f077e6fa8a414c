/**
 * @module What is on record of an attachment, in its scopes, and which of it an operation goes by.
 */
import type { AttachmentRecord, BeginOperation, Digest } from "../protocol.ts";
import type { OpenOperation } from "../state.ts";

/** What an operation is about. */
type Asked = Pick<BeginOperation, "scope" | "verb">;

/**
 * Chooses the record that an operation goes by: its scope's; without one, for a plugin that a list added, the list's; for a list whose
 * plugins were added one by one, the newest. `records`: oldest first.
 */
export function chooseRecord({ scope }: Asked, records: readonly AttachmentRecord[]): AttachmentRecord | undefined {
  const own = records.find((record) => record.scope === scope);
  if (own !== undefined) return own;
  if (scope === "") return records.at(-1);
  return records.find((record) => record.scope === "" && Object.hasOwn(record.digests, scope));
}

/** Gives what ADD used for a type, for DEL and CHECK: a component or an executable; `undefined`: nothing is on record. */
export function pinnedBy(
  asked: Asked,
  records: readonly AttachmentRecord[],
  type: string,
): Digest | "legacy" | undefined {
  if (asked.verb !== "DEL" && asked.verb !== "CHECK") return undefined;
  const chosen = chooseRecord(asked, records);
  const others = asked.scope === "" ? records.toReversed() : [];
  // The plugin of another scope was added with the digest of that: its record is the one that says so.
  const inOrder = [chosen, ...others.filter((record) => record.scope === type), ...others];
  return inOrder.map((record) => servedBy(record, type)).find((by) => by !== undefined);
}

function servedBy(record: AttachmentRecord | undefined, type: string): Digest | "legacy" | undefined {
  if (record === undefined) return undefined;
  if (record.legacy.includes(type)) return "legacy";
  return Object.hasOwn(record.digests, type) ? record.digests[type] : undefined;
}

/** Tells whether an operation is part of an ADD of the same attachment. */
export function isPartOfAdd({ key, outer }: Pick<OpenOperation, "key" | "outer">): boolean {
  return outer?.verb === "ADD" && outer.network === key.network && outer.ifname === key.ifname;
}

/** What a DEL of one scope takes along. */
export interface ScopeShare {
  /** Plugins whose changes go. */
  readonly digests: readonly Digest[];
  /** Nothing else of the attachment is on record: whatever it still has goes, whoever made it. */
  readonly isLast: boolean;
}

/** Says what a DEL takes along; `undefined`: everything of the attachment, in every scope. */
export function shareOf({ begun, outer, records, attachment, digests }: OpenOperation): ScopeShare | undefined {
  if (begun.scope === "") return undefined;
  const isOwn = attachment?.scope === begun.scope;
  const recorded = Object.entries(attachment?.digests ?? {})
    .filter(([type]) => isOwn || begun.types.includes(type))
    .map(([, digest]) => digest);
  const others = records.filter(
    (record) => record !== attachment || Object.keys(digestsLeft(begun, record)).length > 0,
  );
  return {
    digests: [...new Set([...recorded, ...Object.values(digests)])],
    // Part of an operation of the same container: that one has more under way than is on record.
    isLast: others.length === 0 && (outer === undefined || outer.containerId === ""),
  };
}

/** Gives what stays of a record after a DEL: of a list's, the plugins that are still to be deleted. */
export function digestsLeft({ scope, types }: BeginOperation, record: AttachmentRecord): AttachmentRecord["digests"] {
  if (scope === "" || record.scope === scope) return {};
  return Object.fromEntries(Object.entries(record.digests).filter(([type]) => !types.includes(type)));
}
