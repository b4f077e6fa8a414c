/**
 * @module The packet filters that the suite is run over: how a configuration names one, and what the node's own rules look like beside it.
 */
import type { JsonObject } from "../../host/index.ts";
import { run } from "../support/command.ts";
import type { Family } from "./world.ts";

/** A packet filter. */
export interface Backend {
  readonly name: string;
  /** Keys of the three plugins that choose it. */
  readonly bridge: JsonObject;
  readonly portmap: JsonObject;
  readonly firewall: JsonObject;
  /** Has the node drop whatever it forwards and nothing accepts, in the way of somebody who uses this filter; until it is disposed. */
  dropForwarded(): Disposable;
  /** Has the node itself send what comes for a port of its somewhere else; until it is disposed. */
  takePort(family: Family, port: number, to: string): Disposable;
}

function until(undo: () => void): Disposable {
  let isDone = false;
  return {
    [Symbol.dispose]: () => {
      if (!isDone) undo();
      isDone = true;
    },
  };
}

/** nftables, by the library. */
export const NFTABLES: Backend = {
  name: "nftables",
  bridge: { ipMasqBackend: "nftables" },
  portmap: { backend: "nftables" },
  firewall: { backend: "" },
  dropForwarded: () => {
    run("nft", "chain inet cnidaria forward { policy drop ; }");
    return until(() => void run("nft", "chain inet cnidaria forward { policy accept ; }"));
  },
  takePort: ({ version, node }, port, to) => {
    const [table, address] = version === "4" ? ["ip", "ip"] : ["ip6", "ip6"];
    const rule = `${address} daddr ${node} tcp dport ${port} dnat to ${to}`;
    run("nft", `table ${table} own { chain own { type nat hook prerouting priority dstnat; ${rule} ; } ; }`);
    return until(() => void run("nft", "delete", "table", table, "own"));
  },
};
