/**
 * @module Drives components in this process against a simulated node: no sandbox, no helper, no grant.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";

import type { PluginError } from "cnidaria:plugin/types@0.1.0";

import { buildGuest } from "../../../guests/build.ts";
import type { CallFacts } from "../../../host/grants/facts.ts";
import type { Manifest } from "../../../host/grants/grant.ts";
import { parseNetworkConfiguration } from "../../../host/spec/configuration.ts";
import type { IpPrefix } from "../../../host/spec/ip.ts";
import { isJsonObject, type JsonObject, parseJsonObject, readKey } from "../../../host/spec/json.ts";
import { deriveRequest, deriveRequestConfiguration, type Request } from "../../../host/spec/request.ts";
import { formatResult, parseResult } from "../../../host/spec/result-json.ts";
import type { AddressResult, AttachmentResult } from "../../../host/spec/result.ts";
import { ImportFailure, withBatch } from "../fakes.ts";
import { type LoadedComponent, loadComponent, type TestExports, TestNamespace } from "../instantiate.ts";
import { NETNS } from "../requests.ts";
import { judged, readManifest } from "./granted-imports.ts";
import type { Invocation, PluginDriver } from "./plugin-contract.ts";
import type { Surroundings } from "./subjects.ts";
import { type Owner, SimulatedNode } from "./simulated-node.ts";

const ROOT = path.join(import.meta.dirname, "..", "..", "..");
const loaded = new Map<string, Promise<LoadedComponent>>();

type Verb = "add" | "del" | "check" | "status";

interface OpenedPlugin {
  readonly component: LoadedComponent;
  readonly manifest: Manifest;
}

/** What one verb is about. */
interface Call {
  readonly node: SimulatedNode;
  readonly request: Request;
  /** Addresses that the call was given so far. */
  readonly given: IpPrefix[];
  readonly capabilityArgs: JsonObject;
}

interface Run {
  readonly plugin: OpenedPlugin;
  readonly ipam: OpenedPlugin | undefined;
  readonly verb: Verb;
}

/** Builds one of the project's guests, unless it is up to date, and loads it; once. */
export function loadGuest(type: string): Promise<LoadedComponent> {
  const there = loaded.get(type);
  if (there !== undefined) return there;
  const loading = buildAndLoad(type);
  loaded.set(type, loading);
  return loading;
}

/** Opens a driver of one plugin, with the plugin that its IPAM type may name, for a container with some links. */
export async function openInProcess(
  [type, ipamType]: readonly [type: string, ipamType?: string],
  { links = [], runtimeConfig = {} }: Surroundings,
): Promise<PluginDriver> {
  const plugin = await openPlugin(type);
  const ipam = ipamType === undefined ? undefined : await openPlugin(ipamType);
  const node = new SimulatedNode(links);
  const results = new Map<string, AttachmentResult>();
  const run = (verb: Verb, invocation: Invocation): { request: Request; result: unknown } => {
    const kept = verb === "add" ? undefined : results.get(invocation.ifname ?? "eth0");
    const { request, capabilityArgs } = requestOf({ type, runtimeConfig }, invocation, kept);
    const call = { node, request, given: givenIn(request), capabilityArgs };
    return { request, result: runCall(call, { plugin, ipam, verb }) };
  };
  return {
    async add(invocation) {
      const undo = node.remember();
      try {
        const { request, result } = run("add", invocation);
        // What an IPAM plugin gives is a result without links.
        const attachment: AttachmentResult = { interfaces: [], ...(result as AddressResult) };
        results.set(request.ifname, attachment);
        return formatResult(attachment, request.cniVersion);
      } catch (error) {
        undo();
        throw error;
      }
    },
    async check(invocation) {
      run("check", invocation);
    },
    async del(invocation) {
      if (invocation.namespaceGone) node.endNamespace();
      const { request } = run("del", invocation);
      node.sweep(request);
    },
    async inventory() {
      return node.inventory();
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function openPlugin(type: string): Promise<OpenedPlugin> {
  return { component: await loadGuest(type), manifest: await readManifest(type) };
}

async function buildAndLoad(type: string): Promise<LoadedComponent> {
  const file = path.join(ROOT, "dist", "guests", `${type}.wasm`);
  await buildGuest(path.join(ROOT, "guests", type), file);
  return loadComponent(await readFile(file));
}

function requestOf(
  { type, runtimeConfig }: { readonly type: string; readonly runtimeConfig: JsonObject },
  invocation: Invocation,
  kept: AttachmentResult | undefined,
): { readonly request: Request; readonly capabilityArgs: JsonObject } {
  const { configuration, ifname = "eth0", namespaceGone = false, args = [] } = invocation;
  const network = parseNetworkConfiguration({ ...configuration, type });
  const [plugin] = network.plugins;
  if (plugin === undefined) throw new Error("unreachable: one plugin");
  const brought = readKey(configuration, "prevResult");
  const previousResult = isJsonObject(brought) ? parseResult(brought, network.cniVersion).result : kept;
  const netns = namespaceGone ? "" : NETNS;
  const derived = deriveRequestConfiguration(network, plugin, runtimeConfig);
  const request = deriveRequest(network, derived, {
    containerId: "one",
    ifname,
    netns,
    args: [...args],
    previousResult,
  });
  return { request, capabilityArgs: derived.runtimeConfig };
}

/** Runs one verb of a plugin with the imports of the node, judged by what the manifest asks for. */
function runCall(call: Call, { plugin, ipam, verb }: Run): unknown {
  const { node, request, given } = call;
  const owner: Owner = { containerId: request.containerId, ifname: request.ifname };
  const factsNow = (): CallFacts => ({
    verb: verb.toUpperCase(),
    network: request.networkName,
    containerId: request.containerId,
    ifname: request.ifname,
    configuration: parseJsonObject(request.configuration, "configuration"),
    runtimeConfig: call.capabilityArgs,
    givenAddresses: given,
    ...node.ownedBy(owner),
  });
  const imports = node.importsFor(owner, ipamImports(call, ipam));
  return callVerb(plugin.component.instantiate(withBatch(judged(imports, plugin.manifest, factsNow))), verb, request);
}

/** The calls of the IPAM plugin: a component of its own, on the same node, with the same request. */
function ipamImports(call: Call, ipam: OpenedPlugin | undefined): Readonly<Record<Verb, () => unknown>> {
  const nested = (verb: Verb): unknown => {
    if (ipam === undefined) throw new ImportFailure({ code: 7, message: "the test has no IPAM plugin" });
    try {
      return runCall(call, { plugin: ipam, ipam: undefined, verb });
    } catch (caught) {
      throw caught instanceof Refusal ? new ImportFailure(caught.error) : caught;
    }
  };
  const add = (): unknown => {
    const result = nested("add") as AddressResult;
    call.given.push(...result.ips.map(({ address }) => address));
    return result;
  };
  return { add, del: () => nested("del"), check: () => nested("check"), status: () => nested("status") };
}

function givenIn(request: Request): IpPrefix[] {
  return request.previousResult?.ips.map(({ address }) => address) ?? [];
}

/** An error that a plugin reported. */
class Refusal extends Error {
  readonly error: PluginError;
  readonly code: number;

  constructor(error: PluginError) {
    super(error.message);
    this.error = error;
    this.code = error.code;
  }
}

function callVerb(exports: TestExports, verb: Verb, request: Request): unknown {
  const attachment = exports["attachment"];
  const verbs = attachment ?? exports["addresses"] ?? exports["chained"];
  try {
    return attachment === undefined ? verbs?.[verb]?.(request) : attachment[verb]?.(request, new TestNamespace());
  } catch (caught) {
    const payload = typeof caught === "object" && caught !== null && "payload" in caught ? caught.payload : undefined;
    throw payload === undefined ? caught : new Refusal(payload as PluginError);
  }
}
