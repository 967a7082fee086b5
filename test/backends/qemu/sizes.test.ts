// What a snapshot costs is what the image has free once qemu-img deleted it.
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { ownBytes } from "../../../provider/disks/clusters";
import { refused, writeAll } from "../../conformance/support";
import { needs, qemu, suiteWith } from "../../support/requires";
import { QemuMachine } from "./machine";
import { qemuImg, qemuIo, workFolder } from "./tools/support";

const onDisk = (file: string) => statSync(file).blocks * 512;

/** Bytes of the clusters of a qcow2 file that something refers to: those whose refcount, of whatever width, is not zero. */
function inUse(file: string): number {
    const image = readFileSync(file);
    const cluster = 2 ** image.readUInt32BE(20);
    const bits = image.readUInt32BE(4) === 2 ? 16 : 2 ** image.readUInt32BE(96);
    const table = Number(image.readBigUInt64BE(48));
    const blocks = Array.from({ length: (image.readUInt32BE(56) * cluster) / 8 }, (_, i) => Number(image.readBigUInt64BE(table + i * 8)));
    const counts = blocks.filter((at) => at !== 0).flatMap((at) => [...image.subarray(at, at + cluster)].map((byte) => byte.toString(2).padStart(8, "0")));
    return cluster * (counts.join("").match(new RegExp(`.{${bits}}`, "g")) ?? []).filter((count) => count.includes("1")).length;
}

/** What deleting an internal snapshot frees. The table of snapshots stays as long as there is another one. */
function freed(file: string, snapshot: string): number {
    const copy = `${file}.copy`;
    copyFileSync(file, copy);
    qemuImg("snapshot", "-q", "-d", snapshot, copy);
    return inUse(file) - inUse(copy);
}

suiteWith(needs(qemu), "the size of an internal snapshot", () => {
    const folder = workFolder();
    let number = 0;
    function image(options: string, size = "8M"): string {
        const file = join(folder, `image-${number++}.qcow2`);
        qemuImg("create", "-q", "-f", "qcow2", ...(options === "" ? [] : ["-o", options]), file, size);
        return file;
    }

    test.each([
        ["", 65536],
        ["compat=0.10", 65536],
        ["cluster_size=4k", 4096],
        ["cluster_size=512", 512],
        ["cluster_size=2M", 2097152],
        ["extended_l2=on,cluster_size=128k", 131072],
        ["refcount_bits=4,cluster_size=4k", 4096],
        ["refcount_bits=8,cluster_size=4k", 4096],
        ["refcount_bits=32,cluster_size=4k", 4096],
        ["refcount_bits=64,cluster_size=4k", 4096],
    ])("in an image made with %j is what deleting it frees", async (options, cluster) => {
        const file = image(options, "16M");
        const write = (from: string, bytes: string) => qemuIo(file, `write -q -P 7 ${from} ${bytes}`);
        const take = (name: string) => qemuImg("snapshot", "-q", "-c", name, file);
        take("another"); // The table of snapshots goes with the last of them, which is nobody's own.
        write("0", "4M");
        take("first");
        write("2M", "4M");
        take("same");
        take("as this");
        for (let i = 0; i < 6 && cluster < 1048576; i++) qemuIo(file, `write -q -c -P 7 ${6 * 1048576 + i * cluster} ${cluster}`);
        take("compressed");
        write("6M", String(2 * cluster));
        write("0", "2M");
        const own = await ownBytes(file);
        for (const name of ["first", "same", "as this", "compressed"]) expect([name, own?.snapshots.get(name)]).toEqual([name, freed(file, name)]);
        expect(own?.snapshots.get("first")).toBeGreaterThanOrEqual(2097152);
    });

    test("is the same whatever order snapshots were taken and clusters written in", async () => {
        const action = fc.oneof(
            fc.record({ write: fc.nat(31), length: fc.integer({ min: 1, max: 8 }), zeros: fc.boolean() }),
            fc.constant("take" as const),
            fc.record({ back: fc.nat(5) }),
        );
        await fc.assert(
            fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 14 }), async (actions) => {
                const file = image("cluster_size=4k", "160k");
                const names: string[] = ["s0"];
                for (let i = 0; i < 5; i++) qemuIo(file, `write -q -c -P 7 ${(20 + i) * 4096} 4096`);
                qemuImg("snapshot", "-q", "-c", "s0", file);
                qemuImg("snapshot", "-q", "-c", "another", file);
                for (const each of actions) {
                    if (each === "take") {
                        names.push(`s${names.length}`);
                        qemuImg("snapshot", "-q", "-c", names.at(-1) ?? "", file);
                    } else if ("write" in each) {
                        qemuIo(file, `write -q ${each.zeros ? "-z" : `-P ${each.write + 1}`} ${each.write * 4096} ${each.length * 4096}`);
                    } else {
                        const name = names[each.back];
                        if (name !== undefined) qemuImg("snapshot", "-q", "-a", name, file);
                    }
                }
                const own = await ownBytes(file);
                for (const name of names) expect([name, own?.snapshots.get(name)]).toEqual([name, freed(file, name)]);
            }),
            { numRuns: Number(process.env.SNAPTREE_RUNS ?? 5) },
        );
    });

    test("is not known of an image that keeps its data elsewhere, is no image, is cut short, or is not there", async () => {
        const elsewhere = image(`data_file=${join(folder, "data")}`);
        const cut = image("");
        qemuIo(cut, "write -q 0 1M");
        qemuImg("snapshot", "-q", "-c", "a", cut);
        truncateSync(cut, statSync(cut).size - 70_000);
        writeFileSync(join(folder, "text"), "no image");
        for (const file of [elsewhere, cut, join(folder, "text"), join(folder, "nothing")]) expect([file, await ownBytes(file)]).toEqual([file, null]);
    });

    test("of an image that was made to be endless is given up, whatever stands in it", async () => {
        const file = image("cluster_size=4k");
        qemuIo(file, "write -q 0 1M");
        for (const name of ["a", "b", "c"]) qemuImg("snapshot", "-q", "-c", name, file);
        qemuIo(file, "write -q 0 64k");
        const sound = readFileSync(file);
        await fc.assert(
            fc.asyncProperty(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 60 }), async (changes) => {
                const bytes = Buffer.from(sound);
                for (const [at, value] of changes) bytes[at] = value;
                for (const at of [36, 56, 60, 96]) bytes.writeUInt32BE((changes[0]?.[0] ?? 0) & 0xff_ffff, at); // Entries of L1, clusters of refcounts, snapshots, width.
                writeFileSync(file, bytes);
                const own = await ownBytes(file); // An answer, not an error, and in the time that a test has.
                for (const bytes of own?.snapshots.values() ?? []) expect(bytes).toBeLessThanOrEqual(2 * statSync(file).size);
            }),
            { numRuns: Number(process.env.SNAPTREE_RUNS ?? 15) },
        );
    });

    test("in the listing is its own, its branches' are theirs, and a plain listing asks for none", async () => {
        await using machine = await QemuMachine.make(["vda"]);
        await machine.vm.create({ name: "a", mode: "internal" });
        await writeAll(machine, 1, "x");
        await machine.vm.create({ name: "b" });
        await writeAll(machine, 1, "y");
        await writeAll(machine, 2, "y");
        await machine.vm.revert("a", { keep: "work" });
        const file = (await machine.files()).vda ?? "";
        const { snapshots, branches } = await machine.vm.hierarchy({ sizes: true });
        const b = snapshots.find(({ name }) => name === "b")?.bytes ?? 0;
        const work = branches.find(({ name }) => name === "work")?.bytes ?? 0;
        expect([b, work]).toEqual([freed(file, "b"), freed(file, "snaptree-tip-work")]);
        expect(work - b).toBe(65536);
        const plain = await machine.vm.hierarchy();
        expect([...plain.snapshots, ...plain.branches].map(({ bytes }) => bytes)).toEqual([null, null, null]);
    });
});

suiteWith(needs(qemu), "the size of an external snapshot", () => {
    test("is what its files take on the disk, a branch's is its leaf's, and what is not Snaptree's costs nothing", async () => {
        await using machine = await QemuMachine.make(["vda", "vdb"]);
        await machine.vm.create({ name: "base", mode: "external" });
        await writeAll(machine, 1, "a");
        await machine.vm.create({ name: "a" });
        await machine.write("vdb", 2, "t");
        await machine.vm.revert("base", { keep: "work" });
        const { snapshots, branches } = await machine.vm.hierarchy({ sizes: true });
        const sizes = Object.fromEntries([...snapshots, ...branches].map(({ name, bytes }) => [name, bytes]));
        const taken = (files: Readonly<Record<string, string>> | undefined) => Object.values(files ?? {}).reduce((sum, file) => sum + onDisk(file), 0);
        expect(sizes).toEqual({ base: 0, a: taken(snapshots.find(({ name }) => name === "a")?.files), work: taken(branches[0]?.files) });
        expect(sizes.a).toBeGreaterThan(2 * 65536);
        const error = await refused(machine.vm.unbranch("work"));
        expect(error).toMatchObject({ name: "DataLossError", losses: ["branch:work"], sizes: { "branch:work": sizes.work } });
        const made = await machine.vm.plan({ snapshots: { base: {} }, prune: "all" });
        expect(made.sizes).toEqual(Object.fromEntries(made.losses.map((loss) => [loss, sizes[loss.split(":")[1] ?? ""]])));
        await rm(snapshots.find(({ name }) => name === "a")?.files.vdb ?? "");
        const after = await machine.vm.hierarchy({ sizes: true });
        expect(after.snapshots.map(({ name, bytes }) => [name, bytes])).toEqual([
            ["base", 0],
            ["a", null],
        ]);
    });
});
