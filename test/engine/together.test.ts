import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { AlreadyExistsError, NotFoundError, UnsupportedError } from "../../provider/engine";
import { needs, qemu, suiteWith } from "../support/requires";
import { Machine, readText } from "./machine";

/** A command that writes a text to the start of disk vda. */
const writes = (text: string) => [{ command: ["sh", "-c", `qemu-io -f qcow2 -c "write -P ${text.charCodeAt(0)} 0 16" "$SNAPTREE_DISK_VDA"`] }];

/** How many transactions the domain has seen. */
async function transactions(machine: Machine): Promise<number> {
    return (JSON.parse(await readFile(join(machine.root, "web/hierarchy.json"), "utf8")) as { generation: number }).generation;
}

suiteWith(needs(qemu), "creations that wait together", () => {
    test("share transactions, and each holds what its own parent held", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a", provision: writes("a") });
            await vm.create({ name: "b", parent: "a", provision: writes("b") });
            const before = await transactions(machine);
            const children = Array.from({ length: 12 }, (_, i) => ({ name: `s${i}`, parent: i % 2 === 0 ? "a" : "b" }));
            await Promise.all(children.map((child) => vm.create(child)));
            expect((await transactions(machine)) - before).toBeLessThan(children.length / 2);
            const { snapshots } = await vm.hierarchy();
            for (const { name, parent } of children) {
                const taken = snapshots.find((snapshot) => snapshot.name === name);
                expect(taken?.parent).toBe(parent);
                expect(await readText(taken!.files.vda!)).toBe(parent.repeat(16));
            }
        });
    });

    test("one that can't be taken is refused by its own name, and the others are taken", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            const asked = [
                vm.create({ name: "first", parent: "a" }),
                vm.create({ name: "a", parent: "a" }),
                vm.create({ name: "lost", parent: "nobody" }),
                vm.create({ name: "inside", parent: "a", mode: "internal" }),
                vm.create({ name: "last", parent: "a" }),
            ];
            const [first, again, lost, inside, last] = await Promise.allSettled(asked);
            expect([first!.status, last!.status]).toEqual(["fulfilled", "fulfilled"]);
            expect(again).toMatchObject({ reason: expect.any(AlreadyExistsError) });
            expect(lost).toMatchObject({ reason: expect.any(NotFoundError) });
            expect(inside).toMatchObject({ reason: expect.any(UnsupportedError) });
            expect((await vm.hierarchy()).snapshots.map(({ name }) => name).sort()).toEqual(["a", "first", "last"]);
        });
    });

    test("one may build on another that waits with it", async () => {
        await using machine = await Machine.make();
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await Promise.all([vm.create({ name: "x", parent: "a" }), vm.create({ name: "b", parent: "a" }), vm.create({ name: "c", parent: "b" })]);
            const placed = (await vm.hierarchy()).snapshots.map(({ name, parent }) => [name, parent]);
            expect(Object.fromEntries(placed)).toEqual({ a: null, b: "a", c: "b", x: "a" });
        });
    });

    test("what is asked for the moment something was refused gets its turn", async () => {
        await using machine = await Machine.make();
        const lock = join(machine.root, "web/lock");
        await machine.library(async (vm) => {
            await vm.create({ name: "a" });
            await rm(lock);
            await mkdir(lock);
            const asked = vm.create({ name: "b" }).catch(() => vm.delete("nobody"));
            await expect(asked).rejects.toThrow(/lock/);
            await rm(lock, { recursive: true });
            await vm.create({ name: "b" });
        });
        expect(await machine.parents()).toEqual({ a: null, b: "a" });
    });
});
