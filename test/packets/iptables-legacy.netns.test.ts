/**
 * @module The packet-level suite over iptables, by the older part of the kernel.
 */
import { iptables } from "./backends.ts";
import { playAll } from "./cases.ts";

playAll(iptables("iptables-legacy"));
