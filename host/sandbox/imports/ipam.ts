/**
 * @module Interface `ipam`: answered by the host, which calls the network's IPAM plugin.
 */
import type * as Generated from "../generated/ipam.d.ts";
import { defineInterface } from "./definition.ts";

export const ipam = defineInterface<typeof Generated>("ipam", {
  add: (context) => () => context.askIpam("add"),
  del: (context) => () => context.askIpam("del"),
  check: (context) => () => context.askIpam("check"),
  status: (context) => () => context.askIpam("status"),
});
