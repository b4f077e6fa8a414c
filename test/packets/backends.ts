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
  /** Rules and chains that stand for containers, and that `nft` does not list or others share; none when nobody is attached. */
  rules(): readonly string[];
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
  rules: () => [],
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

/** iptables, by one of its variants. */
export function iptables(variant: "iptables-nft" | "iptables-legacy"): Backend {
  const [v4, v6] = [variant, variant.replace("iptables", "ip6tables")];
  const setPolicy = (policy: "DROP" | "ACCEPT"): void => {
    for (const program of [v4, v6]) run(program, "-w", "-P", "FORWARD", policy);
  };
  return {
    name: variant,
    bridge: { ipMasqBackend: variant },
    portmap: { backend: variant },
    firewall: { backend: variant },
    rules: () =>
      [v4, v6].flatMap((program) =>
        run(`${program}-save`)
          .split("\n")
          .filter((line) => /^-A|^:\S+ -/u.test(line)),
      ),
    dropForwarded: () => {
      setPolicy("DROP");
      return until(() => setPolicy("ACCEPT"));
    },
    takePort: ({ version, node }, port, to) => {
      const program = version === "4" ? v4 : v6;
      const target = version === "4" ? to : `[${to}]`;
      const rule = ["PREROUTING", "-d", node, "-p", "tcp", "--dport", String(port), "-j", "DNAT", "--to", target];
      run(program, "-w", "-t", "nat", "-A", ...rule);
      return until(() => void run(program, "-w", "-t", "nat", "-D", ...rule));
    },
  };
}
