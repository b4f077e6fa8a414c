/**
 * @module Scenes of the matrix that once left something: each is played by itself.
 */
import { afterAll, expect, test } from "vitest";
import { play } from "./play.ts";
import { sceneOf, titleOf } from "./scenes.ts";
import { Theatre } from "./theatre.ts";

const theatre = await Theatre.open();
afterAll(() => theatre[Symbol.asyncDispose](), 60_000);

/** The third deletion is that of the port: its address and its link are undone without it, and DEL finds it alone. */
const PORT_ALONE = "start: kernel at kernel.change-together:before NFT_MSG_DELSETELEM, 2";

test.each([PORT_ALONE])("%s", { timeout: 60_000 }, async (title) => {
  const scene = sceneOf(title);
  expect(titleOf(scene)).toBe(title);
  expect(await play(theatre, scene)).toEqual({ isReached: true, problems: [] });
});
