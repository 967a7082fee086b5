import { connect } from "../../../provider/engine";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { VboxMachine } from "./machine";

const TAKES = 20;

suiteWith(needs(required), "somebody who looks at a machine while snapshots of it are taken", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    test("sees it as it was or as it is, always, also while VirtualBox replaces its document, and disturbs nobody", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        await using other = await connect(virtualbox.uri);
        const seen = await other.domain(machine.domain);
        const done = new AbortController();
        const looking = (async () => {
            const counts: number[] = [];
            while (!done.signal.aborted) counts.push((await seen.hierarchy()).snapshots.length);
            return counts;
        })();
        const taking = (async () => {
            for (let i = 0; i < TAKES; i++) await machine.vm.create({ name: `s${i}` });
        })().finally(() => done.abort());
        const [counts] = await Promise.all([looking, taking]);
        expect(new Set(counts).size).toBeGreaterThan(1);
        expect(counts).toEqual([...counts].sort((a, b) => a - b));
        expect((await machine.document()).snapshots.map(({ name }) => name)).toEqual(Array.from({ length: TAKES }, (_, i) => `s${i}`));
        await machine.sound();
    });
});
