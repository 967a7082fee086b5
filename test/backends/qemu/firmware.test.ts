// The guest's firmware variables are part of a tip: they are left with it, and come back with it.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataLossError, type Mode, UnsupportedError } from "../../../provider/engine";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";

/** A machine with firmware variables, and a look at them. */
class Machine {
    private constructor(
        readonly machine: QemuMachine,
        private readonly file: string,
    ) {}

    /** Snapshot a holds the variables “A”; p forks from it. The domain has “B” by now. */
    static async make(mode: Mode, template?: string): Promise<Machine> {
        const machine = await QemuMachine.make(["vda"]);
        const file = join(machine.root, "vars.fd");
        const from = join(machine.root, "template.fd");
        if (template !== undefined) await writeFile(from, template);
        await machine.edit((xml) => xml.replace("</os>", `<nvram${template === undefined ? "" : ` template='${from}'`}>${file}</nvram></os>`));
        const made = new Machine(machine, file);
        await made.write("A");
        await machine.vm.create({ name: "a", mode });
        await machine.vm.branch("p", { from: "a" });
        await made.write("B");
        return made;
    }

    write(text: string): Promise<void> {
        return writeFile(this.file, text);
    }

    async read(): Promise<string | null> {
        return existsSync(this.file) ? readFile(this.file, "utf8") : null;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.machine[Symbol.asyncDispose]();
    }
}

suiteWith(needs(qemu), "firmware variables", () => {
    describe.each(["external", "internal"] as const)("%s", (mode) => {
        test("travel with the tip through any number of switches", async () => {
            await using made = await Machine.make(mode);
            const { vm } = made.machine;
            expect((await vm.hierarchy()).dirty).toBe(true);
            await vm.switch("p");
            expect(await made.read()).toBe("A");
            expect((await vm.hierarchy()).dirty).toBe(false);
            await made.write("P");
            expect((await vm.hierarchy()).branches).toMatchObject([
                { name: "auto-a-1", dirty: true },
                { name: "p", dirty: true },
            ]);
            for (const [name, holds] of [
                ["auto-a-1", "B"],
                ["p", "P"],
                ["auto-a-1", "B"],
            ] as const) {
                await vm.switch(name);
                expect([name, await made.read()]).toEqual([name, holds]);
            }
            await made.machine.sound();
        });

        test("are a branch's own: removing it, or resetting it, loses them, and that has to be agreed to", async () => {
            await using made = await Machine.make(mode);
            const { vm } = made.machine;
            await vm.switch("p");
            await made.write("P");
            for (const work of [() => vm.resetBranch("p"), () => vm.revert("a")]) expect(await refused(work())).toBeInstanceOf(DataLossError);
            expect(await made.read()).toBe("P");
            await vm.switch("auto-a-1");
            for (const work of [() => vm.unbranch("p"), () => vm.resetBranch("p")]) expect(await refused(work())).toBeInstanceOf(DataLossError);
            await vm.resetBranch("p", { force: true });
            await vm.switch("p");
            expect(await made.read()).toBe("A");
            await made.machine.sound();
        });

        test("are committed with what the disks hold, of the tip and of a branch that was left", async () => {
            await using made = await Machine.make(mode);
            const { vm } = made.machine;
            await vm.unbranch("p");
            await vm.revert("a", { commit: true });
            await made.write("C");
            await vm.revert("a", { force: true });
            expect(await made.read()).toBe("B");
            await vm.create({ name: "b" });
            await vm.branch("q", { from: "b" });
            await vm.switch("q");
            await made.write("Q");
            await vm.revert("a");
            await vm.unbranch("q", { commit: true });
            expect(await made.read()).toBe("B");
            await vm.revert("b");
            expect(await made.read()).toBe("Q");
            await vm.deactivate("b");
            await vm.deactivate("b", { discard: true });
            expect(await made.read()).toBe("B");
            await made.machine.sound();
        });

        test("start from their template again where that is asked for", async () => {
            await using made = await Machine.make(mode, "fresh");
            await made.machine.vm.revert("a", { resetNvram: true, keep: true });
            expect(await made.read()).toBe("fresh");
            await made.machine.vm.switch("auto-a-1");
            expect(await made.read()).toBe("B");
            await using without = await Machine.make(mode);
            expect(await refused(without.machine.vm.revert("a", { resetNvram: true, keep: true }))).toBeInstanceOf(UnsupportedError);
            expect(await without.read()).toBe("B");
        });
    });
});
