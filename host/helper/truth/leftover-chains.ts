/**
 * @module Chains of Cnidaria's tables that nothing leads to any more, and what a capability keeps although it has no element: they go with the last
 * row, so that what no row accounts for was left behind.
 */
import { chainObject, frameObject, TABLE } from "../../kernel/frames.ts";
import type { FrameName } from "../../kernel/frames.ts";
import { listChains } from "../../kernel/filter-elements.ts";
import { CONDITIONS_TABLE } from "../../kernel/port-conditions.ts";
import type { HelperState } from "../state.ts";
import { ALL_FRAMES } from "./objects.ts";
import type { FilledMap, TaggedObject } from "./objects.ts";

/** Finds whose conditions a chain is. */
const CONDITIONS_OF = /^when_([0-9a-f]{32})_v[46]_/u;
/** For people. */
const KEPT_FOR: Readonly<Record<FrameName, string>> = {
  masquerade: "masquerading",
  forwarding: "forwarding",
  isolation: "isolation of bridges",
  hostPorts: "published ports",
  conditions: "published ports with conditions",
  guard: "hardware addresses of ports",
};

/** Gives the chains beside those of frames, such as that of a subnet, that no element leads to. */
export function unusedChains({ node }: HelperState, filled: readonly FilledMap[]): readonly TaggedObject[] {
  const used = new Set(
    filled.flatMap(({ map, elements }) => elements.map(({ chain }) => `${map.table} ${chain ?? ""}`)),
  );
  const framed = new Set(
    Object.values(ALL_FRAMES).flatMap(({ table, chains }) => chains.map((name) => `${table.table} ${name}`)),
  );
  const tables: readonly string[] = [TABLE.table, CONDITIONS_TABLE.table];
  return listChains(node.netns, TABLE).flatMap(({ table, name }): TaggedObject[] => {
    const isUsed = used.has(`${table} ${name}`) || framed.has(`${table} ${name}`);
    if (!tables.includes(table) || isUsed) return [];
    const reference = { family: TABLE.family, table };
    return [
      {
        id: chainObject(name),
        tag: CONDITIONS_OF.exec(name)?.[1],
        description: `chain ${name} of the packet filter's table ${table}`,
        remove: async () => void node.nftables().deleteEmptyFrame({ table: reference, chains: [name], maps: [] }),
      },
    ];
  });
}

/** Gives what capabilities keep that have no element. */
export function emptyFrames({ node }: HelperState, filled: readonly FilledMap[]): readonly TaggedObject[] {
  const nftables = node.nftables();
  const names = Object.keys(ALL_FRAMES) as FrameName[];
  return names.flatMap((name): TaggedObject[] => {
    const frame = ALL_FRAMES[name];
    const isFilled = filled.some(
      ({ map, elements }) =>
        elements.length > 0 && map.table === frame.table.table && map.family === frame.table.family && isIn(map, frame),
    );
    const isThere = nftables.getChainUse({ ...frame.table, name: frame.chains[0] }) !== undefined;
    if (isFilled || !isThere) return [];
    return [
      {
        id: frameObject(name),
        tag: undefined,
        description: `chains of the packet filter's table ${frame.table.table} for ${KEPT_FOR[name]}`,
        remove: async () => void nftables.deleteEmptyFrame(frame),
      },
    ];
  });
}

function isIn({ name }: FilledMap["map"], { maps }: { readonly maps: readonly string[] }): boolean {
  return maps.includes(name);
}
