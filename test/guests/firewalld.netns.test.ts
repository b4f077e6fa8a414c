/**
 * @module The plugin `firewall` on a node where firewalld filters: a real one, which rejects what no zone of its lets through.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/index.ts";
import { run, until } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { noFirewalld, startBus } from "../support/firewalld.ts";
import type { TestBus, TestFirewalld } from "../support/firewalld.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { reaches, serve } from "../support/traffic.ts";

const OUTSIDE = { address: "192.0.2.2", port: 7007 };
const SOURCES = ["10.73.0.2/32", "2001:db8:73::2/128"];

describe.skipIf(noFirewalld() !== "")(`firewalld${noFirewalld()}`, () => {
  let subject: TestHost;
  let bus: TestBus;
  let firewalld: TestFirewalld;
  let container: TestContainer;
  let outside: TestContainer;
  let server: AsyncDisposable;
  let before: Snapshot;

  beforeAll(async () => {
    for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) writeFileSync(`/proc/sys/net/${name}`, "1");
    writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
    bus = await startBus();
    subject = await createTestHost({ plugins: ["bridge", "static", "firewall"] });
    outside = createContainer();
    run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "eth0", "netns", outside.id);
    run("ip", "address", "add", "192.0.2.1/24", "dev", "out0");
    run("ip", "link", "set", "out0", "up");
    outside.ip("address add 192.0.2.2/24 dev eth0");
    outside.ip("link set eth0 up");
    outside.ip("route add default via 192.0.2.1");
    server = await serve(outside.id, OUTSIDE.port);
    container = createContainer();
    firewalld = await bus.startFirewalld();
    before = ours(await snapshot(subject));
  });
  afterEach(async () => {
    await subject.host.del(requestOf());
    expect(ours(await snapshot(subject))).toEqual(before);
  });
  afterAll(async () => {
    await firewalld[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    container[Symbol.dispose]();
    await subject[Symbol.asyncDispose]();
    run("ip", "link", "del", "out0");
    outside[Symbol.dispose]();
  });

  /** What is not firewalld's own. */
  const ours = (lines: Snapshot): Snapshot =>
    lines.filter((line) => !/^(?:chain|rule in) (?:nat|mangle|raw|filter)_/u.test(line));
  const requestOf = (
    firewall: JsonObject = {},
    chain: readonly JsonObject[] = [{ type: "firewall", ...firewall }],
  ) => ({
    network: {
      cniVersion: "1.0.0",
      name: "zoned",
      plugins: [
        {
          type: "bridge",
          bridge: "fd0",
          isGateway: true,
          ipam: {
            type: "static",
            addresses: [
              { address: "10.73.0.2/24", gateway: "10.73.0.1" },
              { address: "2001:db8:73::2/64", gateway: "2001:db8:73::1" },
            ],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        ...chain,
      ],
    },
    containerId: container.id,
    netns: container.netns,
    ifname: "eth0",
  });
  const comesOut = (): Promise<boolean> => reaches(container.id, "tcp", OUTSIDE);

  test("is asked where it runs: the container's addresses are sources of the zone `trusted`, until DEL", async () => {
    await subject.host.add(requestOf({}, []));
    expect(await comesOut()).toBe(false);
    await subject.host.del(requestOf({}, []));
    await subject.host.add(requestOf({ backend: "" }));
    expect(firewalld.sourcesOf("trusted")).toEqual(SOURCES);
    expect(await comesOut()).toBe(true);
    expect(run("nft", "list", "ruleset")).not.toContain("cnidaria");
    await subject.host.check(requestOf());
    firewalld.call("reload");
    expect(firewalld.sourcesOf("trusted")).toEqual([]);
    expect((await failureOf(subject.host.check(requestOf()))).text).toContain("10.73.0.2");
    await subject.host.del(requestOf());
    expect(firewalld.sourcesOf("trusted")).toEqual([]);
  });

  test("is asked for the zone that the network names; another backend by name is used instead of it", async () => {
    await subject.host.add(requestOf({ backend: "firewalld", firewalldZone: "work", ingressPolicy: "same-bridge" }));
    expect([firewalld.sourcesOf("work"), firewalld.sourcesOf("trusted")]).toEqual([SOURCES, []]);
    await subject.host.check(requestOf({ backend: "firewalld", firewalldZone: "work", ingressPolicy: "same-bridge" }));
    await subject.host.del(requestOf());
    expect(firewalld.sourcesOf("work")).toEqual([]);
    await subject.host.add(requestOf({ backend: "nftables" }));
    expect(firewalld.sourcesOf("trusted")).toEqual([]);
  });

  test("refuses a zone that is not there, by its name; nothing is left", async () => {
    const failure = await failureOf(subject.host.add(requestOf({ backend: "firewalld", firewalldZone: "nowhere" })));
    expect(failure).toMatchObject({ code: 107 });
    expect(failure.text).toContain("INVALID_ZONE: nowhere");
    expect(ours(await snapshot(subject))).toEqual(before);
  });

  test("keeps what somebody else put into a zone: in the same one it is let alone, in another one it is a conflict", async () => {
    const others = ["string:trusted", "string:10.73.0.2/32"];
    firewalld.call("zone.addSource", ...others);
    await subject.host.add(requestOf());
    await subject.host.del(requestOf());
    expect(firewalld.sourcesOf("trusted")).toEqual(["10.73.0.2/32"]);
    const failure = await failureOf(subject.host.add(requestOf({ firewalldZone: "work" })));
    expect(failure).toMatchObject({ code: 109 });
    expect(failure.text).toContain("ZONE_CONFLICT");
    expect(firewalld.sourcesOf("work")).toEqual([]);
    firewalld.call("zone.removeSource", ...others);
  });

  test("gone after ADD: DEL finishes; gone before: by name it is an error, and else it is not missed", async () => {
    await subject.host.add(requestOf());
    process.kill(firewalld.pid, "SIGKILL");
    await firewalld[Symbol.asyncDispose]();
    expect((await failureOf(subject.host.check(requestOf()))).text).toContain("10.73.0.2");
    await subject.host.del(requestOf());
    const failure = await failureOf(subject.host.add(requestOf({ backend: "firewalld" })));
    expect(failure).toMatchObject({ code: 107 });
    expect(failure.text).toContain("firewalld does not run");
    await subject.host.add(requestOf());
    expect(run("nft", "list", "ruleset")).toContain("forward_v4");
    await subject.host.del(requestOf());
    run("nft", "flush", "ruleset");
    firewalld = await bus.startFirewalld();
  });

  test("silent: ADD fails, to be tried again, and is undone; DEL finishes when it answers again", async () => {
    process.kill(firewalld.pid, "SIGSTOP");
    const failure = await failureOf(subject.host.add(requestOf({ backend: "firewalld" })));
    expect(failure).toMatchObject({ code: 11 });
    expect(failure.text).toContain("no answer");
    process.kill(firewalld.pid, "SIGCONT");
    await until("DEL", () =>
      subject.host.del(requestOf()).then(
        () => true,
        () => false,
      ),
    );
    expect(firewalld.sourcesOf("trusted")).toEqual([]);
  });
});
