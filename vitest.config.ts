import { defineConfig } from "vitest/config";

/** Kernel tests run one file at a time: they share the machine's clock, process table and netlink. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.netns.test.ts"],
        },
      },
      {
        test: {
          name: "netns",
          include: ["test/**/*.netns.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: "forks",
        },
      },
    ],
  },
});
