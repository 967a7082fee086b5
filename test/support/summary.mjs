// What a run of jest came to, from its JSON result:
//     node test/support/summary.mjs skipped RESULT    every skipped test with its reason
//     node test/support/summary.mjs verdict RESULT    “N passed, N failed, N skipped” as the last line; exits with 1 unless all is well
import { existsSync, readFileSync } from "node:fs";

const nothing = { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

/** A result that is missing or cut off is a run in which nothing ran. */
function read(file) {
    if (!existsSync(file)) return nothing;
    try {
        return JSON.parse(readFileSync(file, "utf8"));
    } catch {
        return nothing;
    }
}

function skipped(result) {
    const tests = result.testResults.flatMap((file) => file.assertionResults);
    const names = tests.filter(({ status }) => ["pending", "skipped", "disabled", "todo"].includes(status)).map(({ fullName }) => fullName);
    // requires.ts puts the reason into the name.
    return names.map((name) => (/\(skipped: .*\)$/.test(name) ? name : `${name} (skipped: no reason given)`));
}

/** A file of tests that can't be loaded has no tests, and yet counts as a failure. */
function counts(result) {
    return {
        passed: result.numPassedTests,
        failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
        skipped: result.numPendingTests + result.numTodoTests,
    };
}

function complaint({ passed, failed, skipped }) {
    if (failed > 0) return "there are failures";
    if (passed === 0) return "no test ran";
    if (skipped > 0 && process.env.CI === "true") return "with CI=true nothing may be skipped";
    return null;
}

function verdict(result) {
    const { passed, failed, skipped } = counts(result);
    const why = complaint({ passed, failed, skipped });
    if (why) console.log(why);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exitCode = why ? 1 : 0;
}

const [what, file] = process.argv.slice(2);
const result = read(file);
if (what === "verdict") verdict(result);
else for (const name of skipped(result)) console.log(`skipped: ${name.replace(/ \(skipped: (.*)\)$/, ": $1")}`);
