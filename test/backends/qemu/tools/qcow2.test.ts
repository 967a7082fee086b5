import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { HostError } from "../../../../provider/model";
import { readQcow2 } from "../../../../provider/disks/qcow2";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { qemuImg, qemuIo, workFolder } from "./support";

interface Info {
    readonly "virtual-size": number;
    readonly "backing-filename"?: string;
    readonly "backing-filename-format"?: string;
    readonly snapshots?: readonly { id: string; name: string }[];
}

suiteWith(needs(qemu), "a qcow2 header", () => {
    const folder = workFolder();
    let number = 0;
    const fresh = () => join(folder, `image-${number++}.qcow2`);
    const create = (...args: string[]) => {
        const file = fresh();
        qemuImg("create", "-q", "-f", "qcow2", ...args.slice(0, -1), file, args.at(-1) ?? "1M");
        return file;
    };
    const info = (file: string) => JSON.parse(qemuImg("info", "--output=json", "-U", "-f", "qcow2", file)) as Info;

    async function agrees(file: string): Promise<void> {
        const header = await readQcow2(file);
        const said = info(file);
        expect(header.virtualSize).toBe(said["virtual-size"]);
        expect(header.backing).toBe(said["backing-filename"] ?? null);
        expect(header.backingFormat).toBe(said["backing-filename-format"] ?? null);
        expect(header.snapshots).toEqual((said.snapshots ?? []).map(({ id, name }) => ({ id, name })));
    }

    test.each([
        ["of version 2", ["-o", "compat=0.10"]],
        ["of version 3", ["-o", "compat=1.1"]],
        ["with clusters of 512 bytes", ["-o", "cluster_size=512"]],
        ["with clusters of 2 MiB", ["-o", "cluster_size=2M"]],
        ["with extended L2 entries", ["-o", "extended_l2=on,cluster_size=128k"]],
        ["with lazy refcounts", ["-o", "lazy_refcounts=on"]],
        ["with zstd compression", ["-o", "compression_type=zstd"]],
        ["with preallocated metadata", ["-o", "preallocation=metadata"]],
    ])("%s says what qemu-img says, at every size", async (_, options) => {
        for (const size of ["0", "512", "65537", "1M", "3G"]) await agrees(create(...options, size));
    });

    test("of the largest images is read too", async () => {
        await agrees(create("8T"));
        await agrees(create("-o", "cluster_size=2M", "2P"));
    });

    test.each([
        "plain.qcow2",
        "with space.qcow2",
        "ünï-名前-🖥.qcow2",
        "new\nline.qcow2",
        "-dash.qcow2",
        "comma,and=sign.qcow2",
        "quote'\".qcow2",
        `${"x".repeat(240)}.qcow2`,
    ])("names its backing file %j as it stands there", async (name) => {
        const base = join(folder, name);
        qemuImg("create", "-q", "-f", "qcow2", base, "1M");
        for (const format of ["qcow2", "raw"]) {
            for (const version of ["0.10", "1.1"]) {
                const file = fresh();
                qemuImg("create", "-q", "-f", "qcow2", "-o", `compat=${version}`, "-u", "-b", base, "-F", format, file, "1M");
                await expect(readQcow2(file)).resolves.toMatchObject({ backing: base, backingFormat: format });
                await agrees(file);
            }
        }
    });

    test("lists internal snapshots, whatever they are called", async () => {
        const names = ["a", "2", "-d", "ünï 🖥", "x".repeat(200), "a.b:c"];
        const file = create("1M");
        for (const name of names) qemuImg("snapshot", "-q", "-c", name, file);
        expect((await readQcow2(file)).snapshots.map(({ name }) => name)).toEqual(names);
        await agrees(file);
        qemuImg("snapshot", "-q", "-d", "2", file);
        await agrees(file);
    });

    test("lists snapshots with the longest names that there are", async () => {
        const file = create("1M");
        for (const letter of ["a", "b", "c"]) qemuImg("snapshot", "-q", "-c", letter.repeat(255), file);
        expect((await readQcow2(file)).snapshots.map(({ name }) => name.length)).toEqual([255, 255, 255]);
    });

    test("knows an overlay that nobody wrote to from one that somebody did, wherever and whatever", async () => {
        const base = create("64M");
        for (const write of ["write -P 1 0 512", "write -P 0 33M 1", "write -z 63M 64k", "write -z -u 1M 1M", "write -c -P 3 0 64k", "discard 0 1M"]) {
            const file = fresh();
            qemuImg("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", file);
            qemuIo(file, "read 0 64M");
            expect(await readQcow2(file)).toMatchObject({ allocated: false });
            qemuIo(file, write);
            expect({ write, ...(await readQcow2(file)) }).toMatchObject({ write, allocated: true });
        }
    });

    test("knows whether the tip is still what an internal snapshot holds", async () => {
        const file = create("-o", "cluster_size=4k", "64M");
        qemuIo(file, "write -P 1 0 1M");
        qemuImg("snapshot", "-q", "-c", "one", file);
        expect(await readQcow2(file, "one")).toMatchObject({ unchanged: true });
        expect(await readQcow2(file, "nobody")).toMatchObject({ unchanged: false });
        qemuIo(file, "read 0 1M");
        expect(await readQcow2(file, "one")).toMatchObject({ unchanged: true });
        for (const write of ["write -P 2 0 512", "write -P 1 512k 1", "write -P 3 63M 512"]) {
            qemuIo(file, write);
            expect(await readQcow2(file, "one")).toMatchObject({ unchanged: false });
            qemuImg("snapshot", "-q", "-c", write, file);
            expect(await readQcow2(file, write)).toMatchObject({ unchanged: true });
            qemuImg("snapshot", "-q", "-a", "one", file);
            expect(await readQcow2(file, "one")).toMatchObject({ unchanged: true });
            expect(await readQcow2(file, write)).toMatchObject({ unchanged: false });
        }
    });

    test("that is none is one clear error", async () => {
        const raw = fresh();
        qemuImg("create", "-q", "-f", "raw", raw, "1M");
        await expect(readQcow2(raw)).rejects.toThrow(
            /can't be read as qcow2: it does not begin as a qcow2 file does; give its real format, or restore it from a copy/,
        );
        writeFileSync(raw, "");
        await expect(readQcow2(raw)).rejects.toThrow(HostError);
        await expect(readQcow2(join(folder, "nowhere"))).rejects.toThrow(/can't be opened/);
        await expect(readQcow2(folder)).rejects.toThrow(HostError);
    });

    test("of a file that lost its end is refused, never taken for an overlay that nobody wrote to", async () => {
        const whole = create("-o", "cluster_size=4k", "64M");
        qemuIo(whole, "write -P 1 0 64k");
        const { length } = readFileSync(whole);
        for (let bytes = 0; bytes < Math.min(length, 16_384); bytes += 501) {
            const file = fresh();
            copyFileSync(whole, file);
            truncateSync(file, bytes);
            const header = await readQcow2(file).catch((error: unknown) => error);
            if (header instanceof HostError) continue;
            expect({ bytes, header }).toMatchObject({ bytes, header: { allocated: true } });
        }
    });

    test("that is forged is a clear error or a header, quickly, and takes no memory to speak of", async () => {
        const seed = create("-b", create("1M"), "-F", "qcow2", "1M");
        for (const name of ["one", "two"]) qemuImg("snapshot", "-q", "-c", name, seed);
        const sound = readFileSync(seed);
        const forged = fc.array(fc.record({ at: fc.nat(200), value: fc.oneof(fc.nat(255), fc.constant(255), fc.constant(0)) }), {
            minLength: 1,
            maxLength: 12,
        });
        await fc.assert(
            fc.asyncProperty(forged, fc.option(fc.nat(sound.length)), async (changes, end) => {
                const bytes = Buffer.from(sound);
                for (const { at, value } of changes) bytes[at] = value;
                const file = join(folder, "forged");
                writeFileSync(file, bytes.subarray(0, end ?? bytes.length));
                const before = process.memoryUsage().arrayBuffers;
                const error: unknown = await readQcow2(file, "one").catch((e: unknown) => e);
                if (error instanceof Error) expect(error).toBeInstanceOf(HostError);
                expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160 * 1024 * 1024);
            }),
            { numRuns: Number(process.env.SNAPTREE_RUNS ?? 400) },
        );
    });
});
