import { execa } from "execa";

/** File, imports that it may not have, and imports that it may. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["provider/model/heap.ts", ["../xml"], ["./names"]],
    ["provider/xml/read.ts", ["../plan", "../engine"], ["../model"]],
    ["provider/plan/plan.ts", ["../backends/backend", "../engine", "../disks/records"], ["../model"]],
    ["provider/disks/draft.ts", ["../plan", "../engine", "../backends/connect"], ["../backends/backend", "../xml"]],
    ["provider/backends/qemu/domain.ts", ["../../plan", "../../engine", "../connect"], ["../backend", "../../xml", "../../disks/draft"]],
    ["provider/engine/machine.ts", ["../backends/qemu", "../resources/snapshot", "../cli/program"], ["../plan", "../backends/backend"]],
    ["provider/resources/snapshot.ts", ["../backends/backend", "../plan", "../dynamic"], ["../engine"]],
    ["provider/cli/program.ts", ["../backends/connect", "../plan", "../dynamic"], ["../engine", "../resources/tree-check"]],
];

const source = (imports: readonly string[]) => imports.map((path, i) => `import * as i${i} from "${path}"; export { i${i} };`).join("\n");

test("imports go one way: faces → resources → engine → (plan, backends) → (model, xml), and the linter says so", async () => {
    const input = JSON.stringify(cases.flatMap(([file, refused, allowed]) => [refused, allowed].map((imports) => [file, source(imports)])));
    const { stdout } = await execa("node", ["test/support/arrows.mjs"], { input });
    const counts = (JSON.parse(stdout) as string[][]).map((faults) => faults.length);
    expect(counts).toEqual(cases.flatMap(([, refused]) => [refused.length, 0]));
});
