// Nobody keeps others from starting a machine and writing to its disks while Snaptree is at work on it: what they wrote is kept.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { BusyError, type Progress } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { refused } from "../../conformance/support";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { VboxMachine } from "./machine";

suiteWith(needs(required), "what somebody writes while a machine of VirtualBox's is worked on", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    /** a, with b on it, and a branch p that forks from a. The machine is at b, clean. */
    async function made(): Promise<VboxMachine> {
        const machine = await VboxMachine.make(virtualbox, ["vda"]);
        await machine.write("vda", 1, "a");
        await machine.vm.create({ name: "a" });
        await machine.write("vda", 2, "b");
        await machine.vm.create({ name: "b" });
        await machine.vm.branch("p", { from: "a" });
        return machine;
    }

    /** Writes in the very moment before a step. */
    function before(step: string, file: string): { onProgress: (progress: Progress) => void; wrote: () => boolean } {
        let wrote = false;
        const onProgress = ({ message }: Progress) => {
            if (wrote || !message.endsWith(`: ${step}`)) return;
            execFileSync(process.execPath, [join(__dirname, "write-slot.mjs"), "DISK", "3", "x"], { env: { ...process.env, DISK: file } });
            wrote = true;
        };
        return { onProgress, wrote: () => wrote };
    }

    const rescued = async (machine: VboxMachine) =>
        (await machine.vm.hierarchy()).snapshots.map(({ name }) => name).filter((name) => name.startsWith("rescued-"));

    test("stops an operation that is not decided: it is taken back, and the tip has it", async () => {
        await using machine = await made();
        const { onProgress, wrote } = before("commit", (await machine.files()).vda ?? "");
        expect(await refused(machine.vm.switch("p", {}, { onProgress }))).toBeInstanceOf(BusyError);
        expect(wrote()).toBe(true);
        expect(await machine.vm.hierarchy()).toMatchObject({ current: "b", branch: null, dirty: true });
        expect(await machine.tip()).toEqual({ vda: holding("abx") });
        await machine.sound();
    });

    test("is a snapshot of its own where it is decided that the machine goes elsewhere", async () => {
        await using machine = await made();
        const { onProgress, wrote } = before("arrive", (await machine.files()).vda ?? "");
        await machine.vm.switch("p", {}, { onProgress });
        expect(wrote()).toBe(true);
        expect(await machine.vm.hierarchy()).toMatchObject({ current: "a", branch: "p", dirty: false });
        const [name = "", ...more] = await rescued(machine);
        expect([await machine.snapshot(name), more]).toEqual([{ vda: holding("abx") }, []]);
        expect(await machine.tip()).toEqual({ vda: holding("a") });
        await machine.sound();
    });

    test("is one where a snapshot is taken elsewhere", async () => {
        await using machine = await made();
        const { onProgress, wrote } = before("restore", (await machine.files()).vda ?? "");
        await machine.vm.create({ name: "c", parent: "a" }, { onProgress });
        expect(wrote()).toBe(true);
        const [name = "", ...more] = await rescued(machine);
        expect([await machine.snapshot(name), more]).toEqual([{ vda: holding("abx") }, []]);
        expect(await machine.snapshot("c")).toEqual({ vda: holding("a") });
        await machine.sound();
    });
});
