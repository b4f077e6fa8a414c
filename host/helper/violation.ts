/**
 * @module Breach of protocol: the peer did what a correct one cannot do. It is never answered.
 */

/** A peer broke the protocol: its session ends, what it was doing is undone. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}
