import { runModel } from "./run.ts";
console.log(
  await runModel({
    seed: Number(process.argv[3] ?? 1),
    sequences: Number(process.argv[2] ?? 20),
    maxSteps: 30,
    budgetMs: Number(process.argv[4] ?? 60000),
  }),
);
