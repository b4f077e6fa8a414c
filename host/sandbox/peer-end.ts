/**
 * @module Whether somebody is still at the other end of a connection, asked of the kernel: Node tells only when it comes to its events.
 */
import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { descriptorOf } from "../helper/descriptor.ts";

/**
 * Tells whether a connection on which nothing is due has ended, or has something on it all the same. Takes what there is: such a connection
 * is not used any more.
 */
export function isOverOrUnruly(socket: Socket): boolean {
  try {
    // A byte, or the end: 0 bytes. Nothing is EAGAIN. Source: recv(2).
    readSync(descriptorOf(socket), Buffer.alloc(1));
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "EAGAIN");
  }
}
