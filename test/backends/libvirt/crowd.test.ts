// Eight processes at once on one domain of libvirt's: each gets what it asked for or is told why not, and libvirt and Snaptree agree at the end.
import { execa } from "execa";
import { parents } from "../../conformance/support";
import { holding } from "../../conformance/bench";
import { type Libvirt, startLibvirt } from "../../hosts/libvirt";
import { needs, newerLibvirt, suiteWith } from "../../support/requires";
import { type Bundle, bundle } from "../qemu/bundle";
import type { Order } from "../qemu/kill-child";
import type { Work } from "../qemu/work";
import { LibvirtMachine } from "./machine";

suiteWith(needs(newerLibvirt), "many processes on one domain of libvirt's", () => {
    let libvirt: Libvirt;
    let child: Bundle;
    beforeAll(async () => {
        child = await bundle("kill-child.ts");
        libvirt = await startLibvirt({ release: "newer" });
    });
    afterAll(async () => {
        await libvirt.stop();
        await child[Symbol.asyncDispose]();
    });

    test.each(["external", "internal"] as const)("%s: every snapshot and branch that was asked for is there, once, and nothing else", async (mode) => {
        await using machine = await LibvirtMachine.make(libvirt, ["vda"]);
        await machine.write("vda", 1, "b");
        await machine.vm.create({ name: "base", mode });
        await machine.vm.branch("home", { from: "base" });
        await machine.vm.switch("home");
        await machine.write("vda", 2, "h");
        const start = async (work: Work) => {
            const order: Order = { uri: machine.uri, domain: machine.domain, work, killAt: null, grain: "step" };
            const { exitCode, stderr } = await execa("node", [child.file, JSON.stringify(order)], { reject: false });
            return { exitCode, stderr };
        };
        const numbers = [0, 1, 2, 3];
        const outcomes = await Promise.all([
            ...numbers.map((i) => {
                const provision = machine.provision([{ target: "vda", slot: 3, character: String(i) }]);
                return start({ verb: "create", request: { name: `own-${i}`, parent: "base", provision } });
            }),
            start({ verb: "branch", name: "one", request: { from: "base" } }),
            start({ verb: "branch", name: "two", request: { from: "base" } }),
            // One of these comes first, and the other one is told so.
            start({ verb: "create", request: { name: "same", parent: "base" } }),
            start({ verb: "create", request: { name: "same", parent: "base" } }),
        ]);
        const failed = outcomes.filter(({ exitCode }) => exitCode !== 0);
        expect(failed).toEqual([{ exitCode: 1, stderr: expect.stringMatching(/^[^\n]*"same"[^\n]*already[^\n]*$/) as unknown }]);
        const hierarchy = await machine.vm.hierarchy();
        expect(parents(hierarchy)).toEqual({ base: null, same: "base", ...Object.fromEntries(numbers.map((i) => [`own-${i}`, "base"])) });
        expect(hierarchy).toMatchObject({ current: "same", branch: "home", dirty: false });
        expect(hierarchy.branches.map(({ name }) => name)).toEqual(["home", "one", "two"]);
        for (const i of numbers) expect(await machine.snapshot(`own-${i}`)).toEqual({ vda: holding(`b.${i}`) });
        for (const name of ["one", "two"]) expect(await machine.branch(name)).toEqual({ vda: holding("b") });
        // Its parent was current: what the domain held then was frozen, and its branch went on.
        expect([await machine.snapshot("same"), await machine.tip()]).toEqual([{ vda: holding("bh") }, { vda: holding("bh") }]);
        await machine.sound();
    });
});
