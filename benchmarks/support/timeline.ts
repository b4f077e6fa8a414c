/**
 * @module What the audit log says of one call: phases measured by host and sandbox, operations measured by the helper. In microseconds.
 */
import type { Host } from "../../host/index.ts";

/** One operation of the helper. */
export interface OperationTime {
  readonly operation: string;
  readonly microseconds: number;
  readonly kernelMicroseconds: number;
}

/** One call of one plugin. */
export interface CallTimes {
  readonly type: string;
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
  readonly operations: readonly OperationTime[];
}

/** Reads the calls that one operation of the host made, IPAM included. */
export async function readCalls(host: Host, operationId: string): Promise<CallTimes[]> {
  const rows = await host.log({ operationId });
  return rows.filter(({ event }) => event === "call").map(({ data }) => JSON.parse(data) as CallTimes);
}

/** Adds up the kernel's own time of an operation of the host. */
export async function readKernelMilliseconds(host: Host, operationId: string): Promise<number> {
  const calls = await readCalls(host, operationId);
  const times = calls.flatMap(({ operations }) => operations.map(({ kernelMicroseconds }) => kernelMicroseconds));
  return times.reduce((sum, time) => sum + time, 0) / 1000;
}
