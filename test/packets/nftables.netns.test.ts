/**
 * @module The packet-level suite over nftables.
 */
import { NFTABLES } from "./backends.ts";
import { playAll } from "./cases.ts";

playAll(NFTABLES);
