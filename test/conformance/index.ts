import type { Bench, Contents, Disks, Machine } from "./bench";
import { createSuite } from "./create";
import { deleteSuite } from "./delete";
import { nameSuite } from "./names";
import { redefineSuite } from "./redefine";
import { refusalSuite } from "./refusals";
import { revertSuite } from "./revert";
import { treeSuite } from "./trees";

/** What a test of the suite works with. */
export interface Stage {
    readonly bench: Bench;
    /** A machine that is checked and removed when the test is over. */
    machine(): Promise<Machine>;
    /** The same contents on every disk. */
    all(contents: Contents): Disks;
}

/** What every backend promises, checked through eyes that are none of Snaptree's. */
export function conformance(name: string, bench: Bench): void {
    describe.each([
        ["one disk", ["vda"]],
        ["two disks", ["vda", "vdb"]],
    ])(`${name}, %s`, (_, targets) => {
        const open: Machine[] = [];
        afterEach(async () => {
            const machines = open.splice(0);
            try {
                for (const machine of machines) await machine.sound();
            } finally {
                for (const machine of machines) await machine[Symbol.asyncDispose]();
            }
        });
        const stage: Stage = {
            bench,
            async machine() {
                const machine = await bench.machine(targets);
                open.push(machine);
                return machine;
            },
            all: (contents) => Object.fromEntries(targets.map((target) => [target, contents])),
        };
        // What several disks change is that all take part or none does; names, refusals and metadata are the same.
        const suites =
            targets.length > 1 ? [createSuite, deleteSuite] : [createSuite, revertSuite, deleteSuite, redefineSuite, refusalSuite, nameSuite, treeSuite];
        for (const suite of suites) suite(stage);
    });
}
