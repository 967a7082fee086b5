// A commit copies for as long as there is to copy: stopped anywhere in that, nothing is lost, everyone is told, and running it again goes on with it.
import { BusyError, type Progress, type VirtualMachine } from "../../../provider/engine";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { Crasher, recover } from "./crash";
import { QemuMachine } from "./machine";
import { chainOf, qemuImg, readsAs, released, writeBytes } from "./tools";

const MIB = 1024 * 1024;
const BYTES = 256 * MIB;

suiteWith(needs(qemu), "a long commit", () => {
    let crasher: Crasher;
    beforeAll(async () => {
        crasher = await Crasher.make();
    });
    afterAll(() => crasher[Symbol.asyncDispose]());

    /** Snapshot a holds “a” all over, and the leaf on it “x”. */
    async function large(): Promise<QemuMachine> {
        const machine = await QemuMachine.make(["vda"]);
        await qemuImg("resize", "-q", "-f", "qcow2", "--", (await machine.files()).vda ?? "", String(2 * BYTES));
        await machine.vm.create({ name: "base", mode: "external" });
        await fill(machine, "a");
        await machine.vm.create({ name: "a" });
        await fill(machine, "x");
        return machine;
    }

    async function fill(machine: QemuMachine, character: string): Promise<void> {
        await writeBytes((await machine.files()).vda ?? "", character, BYTES);
    }

    async function fileOf({ vm }: QemuMachine, name: string): Promise<string> {
        return (await vm.hierarchy()).snapshots.find((snapshot) => snapshot.name === name)?.files.vda ?? "";
    }

    const committing = async (vm: VirtualMachine) => (await vm.hierarchy()).snapshots.filter((snapshot) => snapshot.committing).map(({ name }) => name);

    /** What was interrupted shows, loses nothing, keeps everyone from what is half written, and ends right when it is run again. */
    async function expectResumable(machine: QemuMachine): Promise<void> {
        const { vm } = machine;
        expect(await committing(vm)).toEqual(["a"]);
        expect((await vm.hierarchy()).dirty).toBe(true);
        await readsAs((await machine.files()).vda ?? "", "x", BYTES);
        const provision = machine.provision([{ target: "vda", slot: 1, character: "p" }]);
        for (const work of [
            () => vm.revert("a", { force: true }),
            () => vm.revert("a", { keep: true }),
            () => vm.branch("p", { from: "a" }),
            () => vm.create({ name: "n", parent: "a", provision }),
        ])
            expect(await refused(work())).toBeInstanceOf(BusyError);
        await readsAs((await machine.files()).vda ?? "", "x", BYTES);

        const fractions: number[] = [];
        await vm.revert("a", { commit: true }, { onProgress: ({ fraction }) => void (fraction !== undefined && fractions.push(fraction)) });
        expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
        expect(await committing(vm)).toEqual([]);
        expect(await vm.hierarchy()).toMatchObject({ current: "a", dirty: false });
        await readsAs(await fileOf(machine, "a"), "x", BYTES);
        await fill(machine, "y");
        await vm.revert("a", { force: true });
        await readsAs((await machine.files()).vda ?? "", "x", BYTES);
        await machine.sound();
    }

    test("that is told to stop does so in the middle", async () => {
        await using machine = await large();
        const controller = new AbortController();
        let merging = false;
        const onProgress = ({ kind, message }: Progress) => {
            if (merging && kind === "step") controller.abort(new Error("stopped by the test"));
            merging ||= message.endsWith(": merge");
        };
        const error = await refused(machine.vm.revert("a", { commit: true }, { onProgress, signal: controller.signal }));
        expect(error.message).toContain("stopped by the test");
        await expectResumable(machine);
    });

    test("that is killed in the middle", async () => {
        await using machine = await large();
        expect(await crasher.run(machine, { verb: "revert", name: "a", request: { commit: true } }, 5, { grain: "progress" })).toEqual({ points: null });
        expect(await committing(machine.vm)).toEqual(["a"]);
        await released(await fileOf(machine, "a"));
        expect(await recover(machine)).toBe("taken back");
        await expectResumable(machine);
    });

    test("leaves the chain as long as it was, and with discard as long as it was before the snapshot", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "base", mode: "external" });
        for (const name of ["a", "b"]) {
            await machine.write("vda", 1, name);
            await machine.vm.create({ name });
        }
        const length = async () => (await chainOf((await machine.files()).vda ?? "")).length;
        const before = await length();
        for (const character of ["x", "y"]) {
            await machine.write("vda", 2, character);
            await machine.vm.revert("b", { commit: true });
            expect(await length()).toBe(before);
        }
        await machine.write("vda", 2, "z");
        await machine.vm.revert("b", { commit: true, discard: true });
        expect(await length()).toBe(before - 1);
        await machine.sound();
    });
});
