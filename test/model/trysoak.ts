import { runSoak } from "./soak.ts";
const t = performance.now();
console.log(
  await runSoak({
    seed: 3,
    cycles: Number(process.argv[2]),
    warmCycles: Number(process.argv[3]),
    onProgress: (n) => console.log(n, Math.round(performance.now() - t)),
  }),
  performance.now() - t,
);
