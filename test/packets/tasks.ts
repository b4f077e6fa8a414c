/**
 * @module What an agent in a namespace is told to do.
 */

/** Over what is asked. ICMP has no port, and is answered by the kernel. */
export type Protocol = "tcp" | "udp" | "icmp";

/** Every protocol. */
export const PROTOCOLS: readonly Protocol[] = ["tcp", "udp", "icmp"];

/** What is said where nobody answers. */
export const NOTHING = "nothing";

/** Answers on a port, over TCP and UDP, with a name and the address of whoever asked. */
export interface ServeTask {
  readonly kind: "serve";
  readonly port: number;
  readonly name: string;
  /** @default every address of both families */
  readonly address?: string;
}

/** Asks once; the answer is the server's, `answered` for ICMP, or `nothing`. */
export interface AskTask {
  readonly kind: "ask";
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** Port that a question by UDP comes from. @default the kernel's choice */
  readonly from?: number;
  /** Address that it comes from. @default the kernel's choice */
  readonly source?: string;
  /** How long an answer is waited for. */
  readonly waitMs: number;
}

/** One line to an agent. */
export type Task = ServeTask | AskTask;
