import type { Bench, Contents, Disks, Machine } from "./bench";
import { branchSuite } from "./branch";
import { commitSuite } from "./commit";
import { configurationSuite } from "./configuration";
import { createSuite } from "./create";
import { deactivateSuite } from "./deactivate";
import { deleteSuite } from "./delete";
import { discardSuite } from "./discard";
import { followSuite } from "./follow";
import { nameSuite } from "./names";
import { redefineSuite } from "./redefine";
import { refusalSuite } from "./refusals";
import { resetSuite } from "./reset";
import { revertSuite } from "./revert";
import { switchSuite } from "./switch";
import { treeSuite } from "./trees";
import { unbranchSuite } from "./unbranch";

/** What a test of the suite works with. */
export interface Stage {
    readonly bench: Bench;
    /** A machine that is checked and removed when the test is over. */
    machine(): Promise<Machine>;
    /** The same contents on every disk. */
    all(contents: Contents): Disks;
}

/** Suites in which several disks make a difference: all take part, or none does. */
const several = [createSuite, deleteSuite, switchSuite, commitSuite];

/** Names, refusals and metadata are the same for any number of disks. */
const others = [
    ...[revertSuite, redefineSuite, refusalSuite, nameSuite, treeSuite],
    ...[branchSuite, unbranchSuite, resetSuite, followSuite, discardSuite, deactivateSuite, configurationSuite],
];

/** Which of the suites: every so many from one on; absent: all. */
export interface Part {
    readonly from: number;
    readonly every: number;
    /** Where operations take long: suites in which several disks make a difference run with two disks alone; default: with one disk too. */
    readonly once?: boolean;
}

/** The suites that a machine with so many disks is for. */
function suitesOf(part: Part | undefined, disks: number): readonly ((stage: Stage) => void)[] {
    const isIn = (place: number) => part === undefined || place % part.every === part.from;
    const isForOne = (place: number) => place >= several.length || !part?.once;
    return [...several, ...others].filter((_, place) => isIn(place) && (disks > 1 ? place < several.length : isForOne(place)));
}

/**
 * What every backend promises, checked through eyes that are none of Snaptree's.
 *
 * @param part where a backend is tested on several releases: what each is to be tested with here
 */
export function conformance(name: string, bench: Bench, part?: Part): void {
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
        for (const suite of suitesOf(part, targets.length)) suite(stage);
    });
}
