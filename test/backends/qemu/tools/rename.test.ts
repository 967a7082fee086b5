import { readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Images } from "../../../../provider/disks/images";
import { needs, qemu, suiteWith } from "../../../support/requires";
import { qemuImg, qemuIo, workFolder } from "./support";

interface Info {
    readonly snapshots?: readonly { readonly id: string; readonly name: string; readonly "vm-state-size": number }[];
}

/** Every name that has to be there in the end, and a letter that its contents are written with. */
const LETTERS = ["a", "b", "c"] as const;
const LONG = "ü".repeat(127);

suiteWith(needs(qemu), "internal snapshots get other names", () => {
    const folder = workFolder();
    let number = 0;

    /** An image with an internal snapshot for each name, which holds a letter of its own; the tip holds “t”. */
    function imageOf(names: readonly string[], options: readonly string[] = []): string {
        const file = join(folder, `image-${number++}.qcow2`);
        qemuImg("create", "-q", "-f", "qcow2", ...options, file, "1M");
        for (const [i, name] of names.entries()) {
            write(file, LETTERS[i % 3] ?? "a");
            qemuImg("snapshot", "-q", "-c", name, file);
        }
        write(file, "t");
        return file;
    }

    function write(file: string, letter: string): void {
        qemuIo(file, `write -q -P ${letter.charCodeAt(0)} 0 64k`);
    }

    const listed = (file: string) => (JSON.parse(qemuImg("info", "--output=json", "-f", "qcow2", file)) as Info).snapshots ?? [];

    /** What an image holds under each of its names, and in its tip, by QEMU's own tools alone. */
    function holds(file: string): Record<string, string> {
        const found: Record<string, string> = {};
        for (const name of [...listed(file).map((each) => each.name), null]) {
            const raw = join(folder, `raw-${number++}`);
            qemuImg("convert", ...(name === null ? [] : ["-l", `snapshot.name=${name}`]), "-f", "qcow2", "-O", "raw", file, raw);
            const bytes = readFileSync(raw).subarray(0, 65_536);
            found[name ?? "(tip)"] = bytes.every((byte) => byte === bytes[0]) ? String.fromCharCode(bytes[0] ?? 0) : "torn";
        }
        return found;
    }

    /** Throws where anything is wrong with the image, a cluster without an owner included. */
    const check = (file: string, ...options: string[]) => qemuImg("check", "-q", ...options, "-f", "qcow2", file);

    test.each<[string, readonly string[]]>([
        ["of version 2", ["-o", "compat=0.10"]],
        ["of version 3", ["-o", "compat=1.1"]],
        ["with clusters of 512 bytes", ["-o", "cluster_size=512"]],
        ["with clusters of 2 MiB", ["-o", "cluster_size=2M"]],
        ["with refcounts of 2 bits", ["-o", "refcount_bits=2"]],
        ["with refcounts of 64 bits", ["-o", "refcount_bits=64"]],
        ["with preallocated metadata", ["-o", "preallocation=metadata"]],
        ["with lazy refcounts", ["-o", "lazy_refcounts=on"]],
    ])("in an image %s", async (_, options) => {
        await using images = new Images();
        const file = imageOf(["one", "two"], options);
        const ids = listed(file).map(({ id }) => id);
        await images.renameSnapshots(file, { one: LONG, two: "2" });
        expect(holds(file)).toEqual({ [LONG]: "a", "2": "b", "(tip)": "t" });
        expect(listed(file).map(({ id }) => id)).toEqual(ids);
        check(file);
        await images.renameSnapshots(file, { [LONG]: "x" });
        await images.takeSnapshots(file, ["three"]);
        await images.deleteSnapshots(file, ["2"]);
        expect(holds(file)).toEqual({ x: "a", three: "t", "(tip)": "t" });
        check(file);
    });

    test("a table of several clusters, and no room for another one until QEMU has made some", async () => {
        await using images = new Images();
        const names = Array.from({ length: 8 }, (_, i) => `${i}-${"x".repeat(240)}`);
        // A block of refcounts is for 64 clusters here.
        const file = imageOf(names, ["-o", "cluster_size=512,refcount_bits=64"]);
        const made = jest.spyOn(images, "takeSnapshots");
        for (let round = 0; made.mock.calls.length === 0; round++) {
            expect(round).toBeLessThan(64);
            qemuIo(file, `write -q -P ${"t".charCodeAt(0)} ${64 + round / 2}k 512`);
            await images.renameSnapshots(
                file,
                Object.fromEntries(listed(file).map(({ name }, i) => [name, `${i}-${String.fromCharCode(round + 32).repeat(240)}`])),
            );
        }
        check(file);
        await images.renameSnapshots(file, Object.fromEntries(listed(file).map(({ name }, i) => [name, `s${i}`])));
        expect(holds(file)).toEqual({ ...Object.fromEntries(names.map((_, i) => [`s${i}`, LETTERS[i % 3]])), "(tip)": "t" });
        check(file);
    });

    test("those that are not there have their names already; one that somebody else has is not given twice", async () => {
        await using images = new Images();
        const file = imageOf(["one", "two"]);
        await images.renameSnapshots(file, { gone: "else" });
        await expect(images.renameSnapshots(file, { one: "two" })).rejects.toThrow('"two" of somebody else\'s');
        expect(holds(file)).toEqual({ one: "a", two: "b", "(tip)": "t" });
    });

    test.each([1, 2, 3])("cut short before its write number %i, it has harmed nothing, and is done by doing it again", async (failing) => {
        await using images = new Images();
        const file = imageOf(["one", "two"]);
        await using any = await open(file, "r");
        const handles = Object.getPrototypeOf(any) as FileHandle;
        const original = handles.write;
        let writes = 0;
        const spy = jest.spyOn(handles, "write").mockImplementation(function (this: FileHandle, ...args: unknown[]) {
            if (++writes === failing) throw new Error("killed");
            return (original as (...all: unknown[]) => Promise<never>).apply(this, args);
        });
        await expect(images.renameSnapshots(file, { one: "eins" })).rejects.toThrow("killed");
        spy.mockRestore();
        expect(holds(file)).toEqual({ one: "a", two: "b", "(tip)": "t" });
        check(file, "-r", "leaks"); // Clusters without an owner at worst.
        write(file, "t");
        await images.renameSnapshots(file, { one: "eins" });
        expect(writes).toBe(failing);
        expect(holds(file)).toEqual({ eins: "a", two: "b", "(tip)": "t" });
        check(file);
    });
});
