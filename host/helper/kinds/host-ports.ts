/**
 * @module Published ports: a row for each port, for each address of the container that has some, for the link that leads there, and for the
 * conditions of a family.
 */
import { chainObject, frameObject } from "../../kernel/frames.ts";
import { describeHostPort } from "../../kernel/host-port-elements.ts";
import {
  addPortLink,
  hasPortLink,
  hasHostPorts,
  hasPortRules,
  hostPortObjects,
  portLinkObjects,
  publishedObjects,
  publishPorts,
  readHostPort,
  readSourceTranslation,
} from "../../kernel/host-ports.ts";
import { readSysctl, writeSysctl } from "../../kernel/sysctl.ts";
import { formatIpAddress, ipEquals, parseIpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import {
  addConditions,
  conditionChainName,
  countConditionRules,
  getConditionsUse,
} from "../../kernel/port-conditions.ts";
import {
  HOST_PORT,
  publicationOf,
  readConditionsRow,
  readPortRow,
  readSourceTranslationText,
} from "../published-ports.ts";
import type { HelperState } from "../state.ts";
import { undoConditions, undoPortLink, undoPublication } from "../undo/published-ports.ts";
import { compareElement } from "./element.ts";
import { orByIptables } from "./iptables.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** A row for each port. */
export const hostPort: OwnedKind = orByIptables({
  undo: undoPublication,
  compare: comparePort,
  repair: (state, row) => republish(state, row, comparePort(state, row)),
  objects: (row) => {
    const { from, when } = readPortRow(row);
    return hostPortObjects(from, when);
  },
});

/** A row for each address of the container that has ports. */
export const publishedAddress: OwnedKind = orByIptables({
  undo: undoPublication,
  compare: compareAddress,
  repair: (state, row) => republish(state, row, compareAddress(state, row)),
  objects: ({ undo }) => publishedObjects(parseIpPrefix(String(undo["address"])).address),
});

/** A row for the conditions of a family's ports. */
export const portConditions: OwnedKind = {
  undo: undoConditions,
  compare: compareConditions,
  repair: (state, row) => {
    if (compareConditions(state, row).length > 0) addConditions(state.node.nftables(), [readConditionsRow(row)]);
  },
  objects: (row) => [chainObject(row.key), frameObject("conditions")],
};

/** A row for the link that leads to the container. */
export const portLink: OwnedKind = {
  undo: undoPortLink,
  compare: compareLink,
  repair: ({ node }, { key, undo }) => {
    if (undo["variant"] === undefined) addPortLink(node.nftables(), key);
    const link = node.rtnetlink.getLink({ name: key });
    if (undo["routesLocalnet"] === true && link?.index === undo["index"])
      writeSysctl(node.netns, { name: "route_localnet", link: key }, 1);
  },
  // Shared by all whose packets take the link: without a tag.
  objects: ({ key, undo }) => (undo["variant"] === undefined ? portLinkObjects(key) : []),
};

function comparePort({ node }: HelperState, row: OwnedRow): readonly Drift[] {
  const { from, containerAddress, containerPort, when } = readPortRow(row);
  const object = describeHostPort(from);
  const wanted = `to ${formatIpAddress(containerAddress.address)} port ${containerPort}`;
  const found = hasHostPorts(node.nftables()) ? readHostPort(node.nftables(), from, when) : undefined;
  const drifts = compareElement(found, { tag: row.tag, object, wanted });
  if (found === undefined || drifts.length > 0) return drifts;
  const { address, port } = found.to;
  if (port !== containerPort || !ipEquals(address, containerAddress.address))
    return [{ what: "changed", object, wanted, found: `to ${formatIpAddress(address)} port ${port}` }];
  if (hasPortRules(node.nftables())) return [];
  return [{ what: "changed", object, wanted, found: "an element that no rule looks into: the rules were flushed" }];
}

/** The chain, with all of its rules beside the ports that lead to it. */
function compareConditions({ node, ledger }: HelperState, row: OwnedRow): readonly Drift[] {
  const chain = readConditionsRow(row);
  const ports = ledger
    .owned({ attachment: row, kind: HOST_PORT, nodeNetnsCookie: node.cookie })
    .filter(({ undo }) => undo["when"] === row.key);
  const wanted = countConditionRules(chain);
  const use = getConditionsUse(node.nftables(), conditionChainName(chain));
  if (use !== undefined && use >= wanted + ports.length) return [];
  const found = use === undefined ? "none" : "fewer";
  return [
    { what: use === undefined ? "missing" : "changed", object: row.description, wanted: `${wanted} rules`, found },
  ];
}

function compareAddress({ node }: HelperState, { undo, tag }: OwnedRow): readonly Drift[] {
  const { address } = parseIpPrefix(String(undo["address"]));
  const object = `published address ${formatIpAddress(address)}`;
  const nftables = node.nftables();
  const found = hasHostPorts(nftables) ? readSourceTranslation(nftables, { tag, address }) : undefined;
  return found === undefined
    ? [{ what: "missing", object, wanted: "an element of the packet filter", found: "none of this attachment's" }]
    : [];
}

/** Puts one element in the place of what is missing, or of the attachment's own that was changed. */
function republish({ node }: HelperState, row: OwnedRow, drifts: readonly Drift[]): void {
  if (drifts.length === 0 || drifts.some(({ what }) => what === "foreign")) return;
  const sourceTranslation = readSourceTranslationText(row.undo["sourceTranslation"]);
  const publication = publicationOf([row], row.tag);
  publishPorts(node.nftables(), { ...publication, sourceTranslation }, publication);
}

function compareLink({ node }: HelperState, { key, undo }: OwnedRow): readonly Drift[] {
  const object = `published ports over link ${key}`;
  const link = node.rtnetlink.getLink({ name: key });
  // The link went, and what was set on it: the row of the link is the one that says so.
  if (link === undefined || link.index !== undo["index"]) return [];
  const isFlat = undo["routesLocalnet"] === true && readSysctl(node.netns, { name: "route_localnet", link: key }) === 0;
  const isIn = undo["variant"] !== undefined || hasPortLink(node.nftables(), key);
  return [
    ...(isFlat ? [{ what: "changed", object, wanted: "route_localnet 1", found: "0" } as const] : []),
    ...(isIn ? [] : [{ what: "missing", object, wanted: "its elements of the packet filter", found: "none" } as const]),
  ];
}
