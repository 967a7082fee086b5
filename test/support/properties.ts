import fc from "fast-check";

// `make soak` asks for more runs of every property than a test has time for.
const runs = process.env.SNAPTREE_RUNS;
if (runs) fc.configureGlobal({ numRuns: Number(runs) });
