/**
 * @module Conditions of published ports, allowed and refused, for the test of decide().
 */
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import type { Case } from "./decide-cases.ts";

const PORTS = [{ first: 8000, last: 8080 }];
const V4 = { protocol: "tcp", hostPort: 8080, containerAddress: parseIpPrefix("10.1.0.7/16"), containerPort: 80 };
const V6 = { ...V4, containerAddress: parseIpPrefix("2001:db8::7/64") };
const options = (more: object = {}) => ({ sourceTranslation: "local", ...more });
const SOURCES = { sources: [parseIpPrefix("192.0.2.7/32")] };
const BY_LINK = { "host-ports": { ports: PORTS, links: ["eth1"] } };
const BY_SOURCE = { "host-ports": { ports: PORTS, sources: ["192.0.2.0/24"] } };
const operation = "host-ports.publish";

const flow = (address: string) => ({
  protocol: "udp",
  destinationPort: 8080,
  containerAddress: parseIpAddress(address),
});
const MAC = [2, 0, 0, 0, 0, 2];

/** What the grant allows. */
export const PORTS_ALLOWED: readonly Case[] = [
  {
    why: "any conditions, where the grant lists none",
    operation,
    args: [[V4, V6], options({ conditionsV4: { ...SOURCES, excludedLink: "eth9" } })],
  },
  {
    why: "a granted link",
    operation,
    args: [[V4], options({ conditionsV4: { incomingLink: "eth1" } })],
    granted: BY_LINK,
  },
  {
    why: "a source in a granted subnet",
    operation,
    args: [[V4], options({ conditionsV4: SOURCES })],
    granted: BY_SOURCE,
  },
  { why: "flows to the own address", operation: "conntrack.forget", args: [[flow("10.1.0.7")]] },
  { why: "a guard of the own link", operation: "spoof-guard.set", args: ["veth1", MAC] },
  { why: "reading that of the own link", operation: "spoof-guard.get", args: ["veth1"] },
  { why: "ending one's guards", operation: "spoof-guard.remove", args: [] },
];

/** What it refuses. */
export const PORTS_REFUSED: readonly Case[] = [
  { why: "flows to another's address", operation: "conntrack.forget", args: [[flow("10.1.0.7"), flow("10.1.0.8")]] },
  { why: "flows that are no list", operation: "conntrack.forget", args: [{ length: 0 }] },
  { why: "the guard of another's link", operation: "spoof-guard.set", args: ["veth2", MAC] },
  { why: "reading that of another's link", operation: "spoof-guard.get", args: ["br0"] },
  { why: "ports by every link, where the grant lists some", operation, args: [[V4], options()], granted: BY_LINK },
  {
    why: "another link",
    operation,
    args: [[V4], options({ conditionsV4: { incomingLink: "eth0" } })],
    granted: BY_LINK,
  },
  {
    why: "IPv6 ports by every link",
    operation,
    args: [[V4, V6], options({ conditionsV4: { incomingLink: "eth1" } })],
    granted: BY_LINK,
  },
  {
    why: "ports for everybody",
    operation,
    args: [[V4], options({ conditionsV4: { sources: [] } })],
    granted: BY_SOURCE,
  },
  {
    why: "another source beside a granted one",
    operation,
    args: [[V4], options({ conditionsV4: { sources: [...SOURCES.sources, parseIpPrefix("192.0.0.0/8")] } })],
    granted: BY_SOURCE,
  },
];
