// Several operations in one transaction: what one is about to make, no disk tells the next.
import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AlreadyExistsError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { refused } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";

suiteWith(needs(qemu), "one transaction", () => {
    /** Carries out a plan for a whole tree. */
    async function apply(machine: QemuMachine, snapshots: Parameters<QemuMachine["vm"]["plan"]>[0]["snapshots"]): Promise<void> {
        await machine.vm.apply(await machine.vm.plan({ snapshots }));
    }

    test.each(["by its path", "through a symbolic link"])("two overlays in the same file (%s) are refused", async (how) => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "base", mode: "external" });
        await machine.write("vda", 1, "x");
        const file = join(machine.root, "mine.qcow2");
        const link = join(dirname(machine.root), "link");
        await symlink(machine.root, link);
        const again = how === "by its path" ? file : join(link, "mine.qcow2");
        const tree = { base: {}, a: { parent: "base", disks: { vda: { file } } }, b: { parent: "a", disks: { vda: { file: again } } } };
        expect(await refused(apply(machine, tree))).toBeInstanceOf(AlreadyExistsError);
        expect(existsSync(file)).toBe(false);
        expect(await machine.tip()).toEqual({ vda: holding("x") });
        await machine.sound();
    });
});
