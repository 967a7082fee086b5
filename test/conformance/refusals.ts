import { type CreateRequest, FlagConflictError, UnsupportedError } from "../../provider/engine";
import type { Stage } from "./index";
import { holding } from "./bench";
import { grow, refused } from "./support";

/** What a backend may lack, what asks for it, and whether it has it. */
export function refusalSuite({ machine: make, all, bench }: Stage): void {
    const mode = bench.mode === null ? {} : { mode: bench.mode };
    const other = bench.mode === "internal" ? "external" : "internal";

    describe("what a backend can't do", () => {
        test.each<[string, CreateRequest]>([
            ["quiesce", { quiesce: true, diskOnly: true }],
            ["memoryFile", { memoryFile: "/memory" }],
            ["live", { live: true }],
            ["compression", { compression: "lzma" }],
        ])("%s is refused with backend, feature and what works instead, and nothing changes", async (feature, request) => {
            const machine = await make();
            const { capabilities } = machine.host;
            if (feature === "quiesce" ? capabilities.quiesce : feature === "compression" ? capabilities.compression.includes("lzma") : capabilities.running)
                return;
            // Quiescing is for the disks alone, and those snapshots are external.
            if (feature === "quiesce" && bench.mode === "internal") return;
            for (const first of [true, false]) {
                const before = await machine.vm.hierarchy();
                const error = await refused(machine.vm.create({ name: "x", ...mode, ...request }));
                expect(error).toBeInstanceOf(UnsupportedError);
                expect(error).toMatchObject({ backend: capabilities.backend, feature: expect.stringContaining(feature), nearest: expect.stringMatching(/\w/) });
                expect(await machine.vm.hierarchy()).toEqual(before);
                if (first) await grow(machine, "a", null, 1, mode);
            }
            expect(await machine.tip()).toEqual(all(holding("a")));
        });

        test("the two modes are not mixed in one hierarchy", async () => {
            if (bench.mode === null) return;
            const machine = await make();
            await grow(machine, "a", null, 1, mode);
            const error = await refused(machine.vm.create({ name: "b", mode: other }));
            expect(error).toMatchObject({ feature: expect.stringContaining(other), nearest: expect.stringContaining(bench.mode) });
            if (machine.host.capabilities.disks) {
                expect(await refused(machine.vm.create({ name: "b", disks: { vda: { snapshot: other } } }))).toBeInstanceOf(UnsupportedError);
            }
            expect((await machine.vm.hierarchy()).snapshots).toHaveLength(1);
        });

        test("flags that exclude each other are refused before anything else", async () => {
            const machine = await make();
            expect(await refused(machine.vm.create({ name: "-bad", quiesce: true }))).toBeInstanceOf(FlagConflictError);
            expect(await refused(machine.vm.create({ name: "-bad", diskOnly: true, memoryFile: "/m" }))).toBeInstanceOf(FlagConflictError);
            for (const flags of [
                { follow: true, reset: true },
                { reset: true, commit: true },
                { follow: true, commit: true, discard: true },
            ]) {
                const error = await refused(machine.vm.revert("nobody", { ...flags, keep: "-bad", powerState: "running" }));
                expect(error).toBeInstanceOf(FlagConflictError);
                expect(error.message).toContain("are mutually exclusive");
            }
            for (const flags of [
                { merge: true, mergeForce: true },
                { merge: true, discard: true },
                { discard: true, discardForce: true },
            ])
                expect(await refused(machine.vm.deactivate("nobody", flags))).toBeInstanceOf(FlagConflictError);
        });
    });
}
