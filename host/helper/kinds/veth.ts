/**
 * @module The pair of a container and the node, and what was put on its end in the container: addresses and routes, which go with it.
 *
 * What is on record of them, in the row's undo: `container` (name of that end), `path` and `cookie` (its namespace), `bridge`, `bridgeIndex`, `index`
 * (of the node's end), `addresses`, `routes`. Rows of earlier releases have less, of which less is compared.
 */
import type { Link, Rtnetlink } from "../../kernel/rtnetlink.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { isTagged } from "../undo/alias.ts";
import { compareOnLink } from "../undo/container.ts";
import { addMissingAddresses, compareAddresses } from "./container-address.ts";
import { tagIn } from "./kind.ts";
import type { Drift, OwnedKind } from "./kind.ts";
import { addMissingRoutes, compareRoutes } from "./routes.ts";

export const veth: OwnedKind = {
  undo: ({ node }, row) => ownLink(node, row)?.index,
  compare: (state, row) => {
    const onNode = compareNodeEnd(state, row);
    // Without a pair there is nothing inside either: said once.
    return onNode.some(({ what }) => what !== "changed") ? onNode : [...onNode, ...compareContainerEnd(state, row)];
  },
  repair,
  objects: ({ key }) => [linkObject(key)],
};

/** Names a link of the node. */
export function linkObject(name: string): string {
  return `link ${name}`;
}

/** Finds the node's end of a pair by its name, or by its index where somebody gave it another name; `undefined`: it is gone. */
export function ownLink({ rtnetlink }: HelperState["node"], { key, tag, undo }: OwnedRow): Link | undefined {
  const isOwn = (link: Link | undefined): link is Link => link?.kind === "veth" && isTagged(link, tag);
  const byName = rtnetlink.getLink({ name: key });
  if (isOwn(byName)) return byName;
  const { index } = undo;
  const byIndex = typeof index === "number" ? rtnetlink.getLink({ index }) : undefined;
  return isOwn(byIndex) ? byIndex : undefined;
}

function compareNodeEnd({ node }: HelperState, row: OwnedRow): readonly Drift[] {
  const { key, undo } = row;
  const { bridge } = undo;
  const object = `link ${key} of the node`;
  const link = ownLink(node, row);
  if (link === undefined) {
    const wanted = `the pair of ${String(undo["container"])} in the container`;
    const isTaken = node.rtnetlink.getLink({ name: key }) !== undefined;
    return isTaken
      ? [{ what: "foreign", object, wanted, found: "another link of that name" }]
      : [{ what: "missing", object, wanted, found: "no such link" }];
  }
  const drifts: Drift[] = [];
  if (link.name !== key)
    drifts.push({ what: "changed", object, wanted: "that name", found: `it is ${JSON.stringify(link.name)}` });
  if (!link.up) drifts.push({ what: "changed", object, wanted: "up", found: "down" });
  if (typeof bridge === "string" && node.rtnetlink.getLink({ name: bridge })?.index !== link.masterIndex) {
    const found = link.masterIndex === undefined ? "a port of no bridge" : "a port of another one";
    drifts.push({ what: "changed", object, wanted: `a port of bridge ${bridge}`, found });
  }
  return drifts;
}

/** Compares the end in the container. Its owner may have given it another name, and its name to another link. */
function compareContainerEnd({ node }: HelperState, row: OwnedRow): readonly Drift[] {
  const { container: name } = row.undo;
  const outside = ownLink(node, row);
  if (typeof name !== "string" || outside === undefined) return [];
  const object = `link ${name} of the container`;
  const wanted = "the container's end of the pair";
  const compareInside: Parameters<typeof compareOnLink>[1] = (rtnetlink, found) => {
    const link = otherEnd(rtnetlink, outside);
    if (link === undefined) return [{ what: "missing", object, wanted, found: "in another namespace by now" }];
    // Its name is its owner's choice: not every terminal survives that.
    const looked = { rtnetlink, link, name: link.name === name ? name : JSON.stringify(link.name) };
    const inside = [...compareAddresses(looked, row.undo["addresses"]), ...compareRoutes(looked, row.undo["routes"])];
    if (link.name === name) return inside;
    const also = found === undefined ? "" : ", and another link has its name";
    return [
      { what: "changed", object, wanted: "that name", found: `it is ${JSON.stringify(link.name)}${also}` },
      ...inside,
    ];
  };
  return compareOnLink(row.undo, compareInside, { link: name });
}

/** Finds the container's end of a pair, whatever its name; `undefined`: it is not in this namespace. */
function otherEnd(rtnetlink: Rtnetlink, { index, peerIndex }: Link): Link | undefined {
  const link = peerIndex === undefined ? undefined : rtnetlink.getLink({ index: peerIndex });
  return link?.kind === "veth" && link.peerIndex === index ? link : undefined;
}

/**
 * Finds the bridge that the pair was put on; or one of ours that was made in its place. `undefined`: the name is another link's by now, and
 * nobody has said that the container may be there.
 */
function sameBridge({ node, ledger }: Pick<HelperState, "node" | "ledger">, { undo }: OwnedRow): Link | undefined {
  const { bridge: name, bridgeIndex } = undo;
  if (typeof name !== "string") return undefined;
  const link = node.rtnetlink.getLink({ name });
  if (link?.kind !== "bridge") return undefined;
  const shared = ledger.shared.find(node.cookie, "bridge", name);
  const isOurs = shared !== undefined && isTagged(link, tagIn(shared));
  return isOurs || link.index === bridgeIndex ? link : undefined;
}

/** A name that was changed stays: a link has to be down to get another. */
function repair(state: HelperState, row: OwnedRow): void {
  const { node } = state;
  const { container: name } = row.undo;
  const link = ownLink(node, row);
  if (link === undefined) return;
  const master = sameBridge(state, row);
  if (master !== undefined && link.masterIndex !== master.index)
    node.rtnetlink.setLink(link.index, { masterIndex: master.index });
  if (!link.up) node.rtnetlink.setLink(link.index, { up: true });
  compareOnLink(
    row.undo,
    (rtnetlink) => {
      const inside = otherEnd(rtnetlink, link);
      if (inside === undefined) return [];
      addMissingAddresses(rtnetlink, inside, row.undo["addresses"]);
      addMissingRoutes(rtnetlink, inside, row.undo["routes"]);
      return [];
    },
    { link: name },
  );
}
