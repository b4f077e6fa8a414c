/**
 * @module Opens a connection to the helper's socket.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { CniError } from "../spec/error.ts";
import { encodeFrame } from "./frames.ts";
import type { Opening } from "./protocol.ts";

/**
 * Connects and sends the first frame.
 * @throws {CniError} helperFailed when nobody listens, or whoever did is gone before the frame was sent.
 */
export function connectTo(path: string, opening: Opening): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const fail = (cause: Error): void => reject(new CniError("helperFailed", "the helper does not listen", { cause }));
    // Stays: a helper may die in any moment, and an error that nobody hears ends the whole process.
    socket.on("error", fail);
    socket.once("connect", () =>
      socket.write(encodeFrame(opening), (error) => {
        if (error instanceof Error) fail(error);
        else resolve(socket);
      }),
    );
  });
}
