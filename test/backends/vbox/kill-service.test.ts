// VirtualBox's service may be killed in the middle of whatever it does for us: that has happened or not, no byte is lost, and the next run is right.
import { rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { Manage } from "../../../provider/backends/vbox/manage";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as installed } from "../../support/requires";
import { look, placeOf, recover, stagesOf } from "../qemu/crash";
import { scene } from "../qemu/scenarios";
import { carryOut, type Work } from "../qemu/work";
import { disksIn } from "./vdi";
import { VboxMachine } from "./machine";

/** Milliseconds into a call, which takes about forty on an idle machine; `make soak` tries more. */
const MOMENTS = process.env.SNAPTREE_RUNS === undefined ? [5, 25] : [0, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100, 130];

const WORKS: readonly (readonly [verb: string, work: Work])[] = [
    ["take", { verb: "create", request: { name: "n" } }],
    ["restore", { verb: "revert", name: "c", request: { keep: "kept" } }],
    ["delete", { verb: "delete", name: "c" }],
    ["edit", { verb: "redefine", request: { name: "c", rename: "see" } }],
    ["setextradata", { verb: "branch", name: "p", request: { from: "c" } }],
];

suiteWith(needs(installed), "VBoxSVC is killed in the middle of", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => void (virtualbox = await startVirtualBox()));
    afterAll(() => virtualbox.stop());

    /** Carries something out, and kills the service so many milliseconds after the first call of a kind began. */
    async function struck(machine: VboxMachine, work: Work, verb: string, after: number): Promise<void> {
        const real: unknown = Reflect.get(Manage.prototype, "run");
        const run = real as Manage["run"];
        const strikes: Promise<void>[] = [];
        Manage.prototype.run = function (this: Manage, args, options) {
            const isIt = args[0] === verb || (args[0] === "snapshot" && args[2] === verb);
            if (isIt && strikes.length === 0) strikes.push(setTimeout(after).then(() => virtualbox.killServer()));
            return run.call(this, args, options);
        };
        try {
            await carryOut(machine.vm, work).catch(() => undefined); // Whatever it says, what is there counts.
            expect(strikes).toHaveLength(1);
            await strikes[0];
        } finally {
            Manage.prototype.run = run;
        }
    }

    /**
     * The last that VirtualBox does to an image into which it has merged the one under it is to write there what it stands on from now on: killed before that, it
     * looks for one that it has removed. Nobody but who saw that can tell it from one that is lost, so it is done by hand.
     */
    async function linked(machine: VboxMachine): Promise<void> {
        const { under } = await machine.document();
        const disks = await disksIn(machine.folder);
        for (const { uuid, file, parent } of disks.values()) {
            const beneath = under.get(parent ?? "");
            if (parent === null || disks.has(parent) || under.get(uuid) !== parent || beneath === undefined) continue;
            await virtualbox.killServer();
            await virtualbox.run("internalcommands", "sethdparentuuid", file, beneath);
        }
    }

    /** What VirtualBox had begun to make, or to remove, goes as the doctor advises, word for word: nobody's data is in it. */
    async function forgotten(machine: VboxMachine): Promise<void> {
        const { media } = await machine.document();
        const registered = new Set(media.values());
        const files = [...(await disksIn(machine.folder)).values()].map(({ file }) => file);
        const orphans = (await machine.vm.doctor()).filter(({ kind, message }) => kind === "orphan" && !message.includes("it stays until they are gone"));
        expect(orphans.map(({ what }) => what)).toEqual(expect.arrayContaining(files.filter((file) => !registered.has(file))));
        const before = await look(machine);
        for (const { what, message } of orphans) {
            const [, command] = /“VBoxManage (closemedium .*?)”/.exec(message) ?? [];
            if (command !== undefined) await virtualbox.run(...command.split(" "));
            else if (message.includes("remove it if nobody needs it")) await rm(what);
        }
        expect(await look(machine)).toEqual(before);
        await machine.leave();
    }

    test.each(WORKS)("snapshot %s: it has happened or not, and the next run is right", async (verb, work) => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        await scene(machine, null);
        await using point = machine.save();
        const stages = await stagesOf(machine, work);
        for (const after of MOMENTS) {
            await point.restore();
            await struck(machine, work, verb, after);
            await virtualbox.mended();
            await linked(machine);
            const outcome = await recover(machine);
            const found = await look(machine);
            if (placeOf(found, stages) < 0) expect([after, outcome, found]).toEqual([after, outcome, stages]);
            await forgotten(machine);
            await machine.sound();
            await machine.vm.create({ name: "later" });
            await machine.sound();
        }
    });
});
