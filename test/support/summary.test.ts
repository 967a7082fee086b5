import { execa } from "execa";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string;
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "snaptree-summary-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Jest {
    passed?: number;
    failed?: number;
    skipped?: number;
    todo?: number;
    unloadable?: number;
    tests?: { fullName: string; status: string }[];
}

async function result({ passed = 0, failed = 0, skipped = 0, todo = 0, unloadable = 0, tests = [] }: Jest): Promise<string> {
    const file = join(folder, "result.json");
    const totals = { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: todo, numRuntimeErrorTestSuites: unloadable };
    await writeFile(file, JSON.stringify({ ...totals, testResults: [{ assertionResults: tests }] }));
    return file;
}

async function summary(what: string, file: string, CI = "") {
    const { stdout, exitCode } = await execa("node", [join(__dirname, "summary.mjs"), what, file], { env: { CI }, reject: false });
    return { lines: stdout.split("\n"), exitCode };
}

test.each<[string, Jest, string, string, number]>([
    ["all passed", { passed: 3 }, "", "3 passed, 0 failed, 0 skipped", 0],
    ["a failure", { passed: 3, failed: 1 }, "", "3 passed, 1 failed, 0 skipped", 1],
    ["a file that can't be loaded", { passed: 3, unloadable: 1 }, "", "3 passed, 1 failed, 0 skipped", 1],
    ["no test at all", {}, "", "0 passed, 0 failed, 0 skipped", 1],
    ["nothing but skipped ones", { skipped: 4 }, "", "0 passed, 0 failed, 4 skipped", 1],
    ["something skipped", { passed: 3, skipped: 1, todo: 1 }, "", "3 passed, 0 failed, 2 skipped", 0],
    ["something skipped in CI", { passed: 3, skipped: 1 }, "true", "3 passed, 0 failed, 1 skipped", 1],
])("%s", async (_, jest, CI, line, exit) => {
    const { lines, exitCode } = await summary("verdict", await result(jest), CI);
    expect(lines.at(-1)).toBe(line);
    expect(exitCode).toBe(exit);
});

test("a run that left no result, or half of one, failed", async () => {
    const torn = join(folder, "torn.json");
    await writeFile(torn, '{"numPassedTests": 3');
    for (const file of [torn, join(folder, "missing.json")]) {
        expect(await summary("verdict", file)).toEqual({ lines: ["no test ran", "0 passed, 0 failed, 0 skipped"], exitCode: 1 });
    }
});

test("skipped tests are listed with their reasons", async () => {
    const file = await result({
        tests: [
            { fullName: "a branch (skipped: virsh not on PATH (make hosts))", status: "pending" },
            { fullName: "runs", status: "passed" },
            { fullName: "later", status: "todo" },
        ],
    });
    expect((await summary("skipped", file)).lines).toEqual(["skipped: a branch: virsh not on PATH (make hosts)", "skipped: later: no reason given"]);
});
