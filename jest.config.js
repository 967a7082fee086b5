/** Some dependencies ship as ES modules only, which jest's own loader can't require: they are transformed like our code. */
const esModulesOnly = [
    "execa",
    "@sindresorhus/merge-streams",
    "figures",
    "get-stream",
    "@sec-ant/readable-stream",
    "human-signals",
    "is-plain-obj",
    "is-stream",
    "is-unicode-supported",
    "npm-run-path",
    "parse-ms",
    "path-key",
    "pretty-ms",
    "strip-final-newline",
    "unicorn-magic",
    "yoctocolors",
];

/** @type {import("jest").Config} */
module.exports = {
    testEnvironment: "node",
    // Cleaning wraps what outlives a test file (signals, streams) once more for each file, until the stack overflows.
    testEnvironmentOptions: { globalsCleanup: "off" },
    // Much of a test is waiting for QEMU and Pulumi.
    maxWorkers: "100%",
    // A worker that has grown is begun anew: each process that a test starts costs it a copy of its page tables.
    workerIdleMemoryLimit: "256MB",
    roots: ["<rootDir>/test"],
    testMatch: ["**/*.test.ts"],
    testSequencer: "<rootDir>/test/support/sequencer.js",
    transform: {
        "\\.[jt]s$": ["@swc/jest", { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "commonjs" } }],
    },
    transformIgnorePatterns: [`/node_modules/(?!(${esModulesOnly.join("|")})/)`],
    // unicorn-magic exports itself to “import” alone, and jest asks as “require”.
    moduleNameMapper: {
        "^unicorn-magic$": "<rootDir>/node_modules/unicorn-magic/node.js",
        // What is imported late is named by the file that it will be.
        "^\\.\\./provider/engine/index\\.js$": "<rootDir>/provider/engine/index.ts",
    },
    setupFiles: ["<rootDir>/test/support/properties.ts", "<rootDir>/test/support/suppressed.ts"],
    // No test fails on time: this is for what hangs.
    testTimeout: 900_000,
};
