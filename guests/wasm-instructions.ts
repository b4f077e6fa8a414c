/**
 * @module Finds the direct calls in the code of a module. Knows the instructions of WebAssembly 2.0 without vectors.
 * Source: WebAssembly core specification, "Instructions".
 */
import type { Section } from "./wasm-bytes.ts";
import { Cursor } from "./wasm-bytes.ts";

/** A `call` instruction. */
export interface CallSite {
  /** Index of the function that is called. */
  readonly callee: number;
  /** Offset of the instruction. */
  readonly at: number;
  /** Its length in bytes. */
  readonly bytes: number;
}

const CALL = 0x10;
const BRANCH_TABLE = 0x0e;
const TYPED_SELECT = 0x1c;
const MEMORY_SIZE = 0x3f;
const MEMORY_GROW = 0x40;
const F32_CONST = 0x43;
const F64_CONST = 0x44;
const LONG = 0xfc;

/** Opcodes followed by one LEB128 number: blocks, branches, variables, integer constants, references. */
const ONE_NUMBER = new Set([
  0x02, 0x03, 0x04, 0x0c, 0x0d, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x41, 0x42, 0xd0, 0xd2,
]);
/** Opcodes followed by nothing, besides those that compute (0x45 to 0xc4). */
const BARE = new Set([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1]);
/** Numbers after the opcodes that 0xfc introduces: saturating conversions, then memory, tables. */
const LONG_NUMBERS = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1] as const;

/**
 * Lists every direct call in a code section.
 * @throws {Error} when an instruction is unknown, or one does not end where its function does.
 */
export function findCalls(bytes: Buffer, code: Section): CallSite[] {
  const calls: CallSite[] = [];
  const cursor = new Cursor(bytes, code.start);
  for (let left = cursor.unsigned(); left > 0; left--) {
    const length = cursor.unsigned();
    const end = cursor.at + length;
    skipLocals(cursor);
    while (cursor.at < end) {
      const call = readInstruction(cursor);
      if (call !== undefined) calls.push(call);
    }
    if (cursor.at !== end) throw new Error(`an instruction passes the end of its function at ${end}`);
  }
  return calls;
}

function skipLocals(cursor: Cursor): void {
  for (let groups = cursor.unsigned(); groups > 0; groups--) cursor.skip(2);
}

/** Passes over one instruction; gives it if it is a call. */
function readInstruction(cursor: Cursor): CallSite | undefined {
  const { at } = cursor;
  const opcode = cursor.byte();
  if (opcode === CALL) {
    const callee = cursor.unsigned();
    return { callee, at, bytes: cursor.at - at };
  }
  if (ONE_NUMBER.has(opcode)) cursor.skip(1);
  else if (isMemoryAccess(opcode) || opcode === 0x11 || opcode === 0x13) cursor.skip(2);
  else if (opcode === BRANCH_TABLE) cursor.skip(cursor.unsigned() + 1);
  else if (opcode === TYPED_SELECT) cursor.skip(cursor.unsigned());
  else if (opcode === MEMORY_SIZE || opcode === MEMORY_GROW) cursor.at += 1;
  else if (opcode === F32_CONST) cursor.at += 4;
  else if (opcode === F64_CONST) cursor.at += 8;
  else if (opcode === LONG) cursor.skip(LONG_NUMBERS[cursor.unsigned()] ?? unknown(opcode, at));
  else if (!BARE.has(opcode) && !(opcode >= 0x45 && opcode <= 0xc4)) unknown(opcode, at);
  return undefined;
}

function isMemoryAccess(opcode: number): boolean {
  return opcode >= 0x28 && opcode <= 0x3e;
}

function unknown(opcode: number, at: number): never {
  throw new Error(`unknown instruction 0x${opcode.toString(16)} at ${at}`);
}
