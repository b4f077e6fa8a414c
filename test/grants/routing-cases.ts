/**
 * @module Operations on tables, rules and the node's routes, allowed and refused, for the test of decide().
 */
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import type { Case } from "./decide-cases.ts";

const rule = (source: string, table: unknown): object => ({ source: parseIpPrefix(source), table });
const IN_TABLES = { "container-routes": { tables: [{ first: 100, last: 300 }, { configuration: "/table" }] } };
const OWN = { "node-addresses": { own: true } };

/** What the grant allows. */
export const ROUTING_ALLOWED: readonly Case[] = [
  {
    why: "rules for addresses of both families that were given",
    operation: "container-rules.add",
    args: [1, [rule("10.1.0.7/32", 100), rule("2001:db8::7/128", 300)]],
  },
  {
    why: "a table that the configuration names",
    operation: "container-rules.add",
    args: [1, [rule("10.1.0.7/32", 4711)]],
    facts: { configuration: { table: 4711 } },
  },
  {
    why: "deleting the rule of an address that was given",
    operation: "container-rules.delete",
    args: [1, [rule("10.1.0.7/32", 100)]],
  },
  { why: "listing rules", operation: "container-rules.list", args: [1] },
  { why: "finding tables", operation: "container-rules.free-tables", args: [1, 100, 2] },
  {
    why: "a route in a table of a range",
    operation: "container-routes.add",
    args: [1, "eth0", [{ table: 200 }], "append"],
    granted: IN_TABLES,
  },
  {
    why: "a route in a table that the configuration names",
    operation: "container-routes.add",
    args: [1, "eth0", [{ table: 7 }], "append"],
    granted: IN_TABLES,
    facts: { configuration: { table: 7 } },
  },
  {
    why: "an address by itself on a link of the attachment",
    operation: "node-addresses.ensure",
    args: ["veth1", [parseIpPrefix("10.1.0.1/32"), parseIpPrefix("2001:db8::1/128")], false],
    granted: OWN,
  },
  {
    why: "a route to an address that was given",
    operation: "node-routes.ensure",
    args: ["veth1", [parseIpAddress("10.1.0.7")]],
  },
  { why: "the routes over a link of the attachment", operation: "node-routes.list", args: ["veth1"] },
];

/** What it does not. */
export const ROUTING_REFUSED: readonly Case[] = [
  { why: "a table beyond", operation: "container-rules.add", args: [1, [rule("10.1.0.7/32", 301)]] },
  { why: "a table as text", operation: "container-rules.add", args: [1, [rule("10.1.0.7/32", "100")]] },
  { why: "no table", operation: "container-rules.add", args: [1, [rule("10.1.0.7/32", undefined)]] },
  {
    why: "the main table, which a range leaves out",
    operation: "container-rules.add",
    args: [1, [rule("10.1.0.7/32", 254)]],
  },
  {
    why: "table 0, which means any to a deletion, though the configuration names it",
    operation: "container-rules.delete",
    args: [1, [rule("10.1.0.7/32", 0)]],
    facts: { configuration: { table: 0 } },
  },
  {
    why: "the local table, though the configuration names it",
    operation: "container-rules.add",
    args: [1, [rule("10.1.0.7/32", 255)]],
    facts: { configuration: { table: 255 } },
  },
  { why: "a whole subnet", operation: "container-rules.add", args: [1, [rule("10.1.0.7/16", 100)]] },
  { why: "everybody", operation: "container-rules.add", args: [1, [rule("0.0.0.0/0", 100)]] },
  { why: "the address of another", operation: "container-rules.add", args: [1, [rule("10.1.0.8/32", 100)]] },
  { why: "the rule of another", operation: "container-rules.delete", args: [1, [rule("10.1.0.8/32", 100)]] },
  { why: "rules that are no list", operation: "container-rules.add", args: [1, { length: 0 }] },
  { why: "a rule that is none", operation: "container-rules.add", args: [1, [null]] },
  {
    why: "the main table, which a range of routes leaves out",
    operation: "container-routes.add",
    args: [1, "eth0", [{}], "append"],
    granted: IN_TABLES,
  },
  {
    why: "a link of the attachment where only named ones are granted",
    operation: "node-addresses.ensure",
    args: ["veth1", [parseIpPrefix("10.1.0.1/16")], false],
  },
  {
    why: "an address by itself beyond the network",
    operation: "node-addresses.ensure",
    args: ["veth1", [parseIpPrefix("8.8.8.8/32")], false],
    granted: OWN,
  },
  {
    why: "an address by itself on a bridge",
    operation: "node-addresses.ensure",
    args: ["br0", [parseIpPrefix("10.1.0.1/32")], false],
  },
  { why: "a link of another", operation: "node-routes.ensure", args: ["br0", [parseIpAddress("10.1.0.7")]] },
  { why: "the routes of another link", operation: "node-routes.list", args: ["eth9"] },
  { why: "a route to another", operation: "node-routes.ensure", args: ["veth1", [parseIpAddress("10.1.0.8")]] },
];
