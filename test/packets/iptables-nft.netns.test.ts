/**
 * @module The packet-level suite over iptables, by nf_tables.
 */
import { iptables } from "./backends.ts";
import { playAll } from "./cases.ts";

playAll(iptables("iptables-nft"));
