/**
 * @module A kubelet's side of containerd: pods by Kubernetes' runtime interface, which is where containerd reads its `bin_dir`.
 *
 * Source: k8s.io/cri-api, `pkg/apis/runtime/v1/api.proto`.
 */
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readField, writeMessage } from "./protobuf.ts";
import type { Message } from "./protobuf.ts";

/** Bytes before a message of gRPC: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

/**
 * Makes one call.
 * @throws {Error} with what containerd answered.
 */
function callRuntime(socketPath: string, method: string, request: Message): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = connect("http://localhost", { createConnection: () => connectSocket(socketPath) });
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": `/runtime.v1.RuntimeService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let [status, message] = ["", ""];
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      status = String(headers["grpc-status"] ?? status);
      message = String(headers["grpc-message"] ?? message);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      session.close();
      if (status === "0") resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES));
      else reject(new Error(`${method}: ${decodeURIComponent(message)}`));
    });
    const body = writeMessage(request);
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(body.byteLength, 1);
    stream.end(Buffer.concat([prefix, body]));
  });
}

/** A pod. */
export interface Pod {
  readonly id: string;
  readonly address: string;
}

/** Runs a pod and reads its address. */
export async function runPod(socketPath: string, name: string): Promise<Pod> {
  const metadata = { 1: name, 2: `uid-${name}`, 3: "default" };
  const config = { 1: metadata, 3: "/run/pods", 8: { 1: "/" } };
  const id = textOf(await callRuntime(socketPath, "RunPodSandbox", { 1: config }), [1]);
  const status = await callRuntime(socketPath, "PodSandboxStatus", { 1: id });
  return { id, address: textOf(status, [1, 5, 1]) };
}

/** How often a pod is stopped, and the pause between. containerd says no to one whose process ends at that moment; kubelets try again. */
const STOP_ATTEMPTS = 20;
const STOP_PAUSE_MS = 100;

/** Stops a pod, which takes its network away. */
export async function stopPod(socketPath: string, id: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await callRuntime(socketPath, "StopPodSandbox", { 1: id });
      return;
    } catch (error) {
      if (attempt === STOP_ATTEMPTS) throw error;
      await sleep(STOP_PAUSE_MS);
    }
  }
}

/** Removes a pod, stopped or not. */
export async function removePod(socketPath: string, id: string): Promise<void> {
  await callRuntime(socketPath, "RemovePodSandbox", { 1: id });
}

function textOf(message: Buffer, path: readonly number[]): string {
  return path.reduce<Buffer>((bytes, field) => readField(bytes, field) ?? Buffer.alloc(0), message).toString("utf8");
}
