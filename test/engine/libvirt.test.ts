import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onPath } from "../hosts/commands";
import { counterLines, defineGuest, type GuestDomain } from "../hosts/guest";
import { type Libvirt, startLibvirt } from "../hosts/libvirt";
import { libvirt as installed, needs, pulumi, qemu, suiteWith } from "../support/requires";
import { writeProgram } from "./program";
import { type Outcome, Stack } from "./stack";

const checkout = join(__dirname, "../..");

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The fate of each resource that met one, without the stack itself. */
const fates = ({ steps }: Outcome) => Object.fromEntries(steps.filter(({ urn }) => !urn.includes("pulumi:Stack")).map(({ urn, op }) => [nameOf(urn), op]));

/** Has everything that each virsh reads from its standard input written down; the way back is disposing of it. */
async function listeningToVirsh(): Promise<AsyncDisposable & { readonly commands: () => Promise<string[]> }> {
    const folder = await mkdtemp(join(tmpdir(), "snaptree-virsh-log-"));
    const log = join(folder, "log");
    await writeFile(log, "");
    await writeFile(join(folder, "virsh"), `#!/bin/sh\ntee -a '${log}' | '${onPath("virsh")}' "$@"\n`);
    await chmod(join(folder, "virsh"), 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${folder}${delimiter}${before}`;
    return {
        commands: async () => [...(await readFile(log, "utf8")).matchAll(/;'([a-z-]+)'/g)].map(([, command = ""]) => command),
        async [Symbol.asyncDispose]() {
            process.env.PATH = before;
            await rm(folder, { recursive: true });
        },
    };
}

suiteWith(needs(qemu, pulumi, installed), "resources on a real libvirt, by the real engine", () => {
    let libvirt: Libvirt;
    beforeAll(async () => {
        libvirt = await startLibvirt({ release: "installed" });
    });
    afterAll(() => libvirt.stop());

    const virsh = (...args: string[]) => libvirt.virsh(...args);
    const diskOf = async (domain: string) => /vda\s+(.*)$/m.exec(await virsh("domblklist", domain))?.[1];

    /** What the guest counts once it goes on. */
    async function goesOn({ serial }: GuestDomain): Promise<number> {
        const before = (await counterLines(serial, 0)).length;
        return (await counterLines(serial, before + 2)).at(-1) ?? 0;
    }

    test("the example: a guest runs on the branch that the configuration names, and what virsh changed is mended", async () => {
        const guest = await defineGuest(libvirt, { name: "lab", obeys: true });
        await using stack = await Stack.create(join(checkout, "examples/libvirt"), { env: { SNAPTREE_HOST: libvirt.uri } });
        expect((await stack.up()).changes).toEqual({ create: 5 });
        expect(await virsh("domstate", "lab")).toBe("running");
        expect(await virsh("snapshot-current", "lab", "--name")).toBe("updated");
        await goesOn(guest);
        const monday = await diskOf("lab");
        expect((await stack.preview()).changes).toEqual({ same: 5 });
        expect((await stack.refresh()).changes).toEqual({ same: 5 });

        const xml = join(libvirt.images, "installed.xml");
        const document = await virsh("snapshot-dumpxml", "lab", "installed", "--security-info");
        await writeFile(xml, document.replace("as it was installed", "by somebody else"));
        await virsh("snapshot-create", "lab", xml, "--redefine");
        expect(fates(await stack.refresh())).toMatchObject({ installed: "refresh" });
        expect((await stack.resources()).find(({ urn }) => nameOf(urn) === "installed")?.outputs?.description).toBe("by somebody else");
        expect(fates(await stack.up())).toMatchObject({ installed: "update", updated: "same", monday: "same" });
        expect(await virsh("snapshot-dumpxml", "lab", "installed")).toContain("<description>as it was installed</description>");
        expect(await virsh("domstate", "lab")).toBe("running");

        await stack.configure({ branch: "tuesday" });
        expect(fates(await stack.up())).toMatchObject({ monday: "update", tuesday: "update" });
        await goesOn(guest);
        const tuesday = await diskOf("lab");
        expect(tuesday).not.toBe(monday);
        expect(await virsh("domstate", "lab")).toBe("running");

        // The power state is that after the switch: whoever shuts the guest down later is let.
        await virsh("destroy", "lab");
        expect((await stack.refresh()).changes).toEqual({ same: 5 });
        expect((await stack.preview()).changes).toEqual({ same: 5 });
        await stack.configure({ branch: "monday" });
        await stack.up();
        await goesOn(guest);
        expect(await diskOf("lab")).toBe(monday);

        await stack.configure({ branch: "tuesday", leave: "refuse" });
        await expect(stack.up()).rejects.toThrow(/BusyError: .*"lab" is running/);
        expect(await diskOf("lab")).toBe(monday);
        expect(await virsh("domstate", "lab")).toBe("running");

        await virsh("destroy", "lab");
        await stack.destroy({ env: { SNAPTREE_FORCE: "1" } });
        expect(await virsh("snapshot-list", "lab", "--name")).toBe("");
        await virsh("start", "lab");
        await goesOn(guest);
        await virsh("destroy", "lab");
    });

    test("a refresh asks libvirt for one listing of a domain, however many snapshots of it the program has", async () => {
        const count = 40;
        await defineGuest(libvirt, { name: "many" });
        await using written = await writeProgram(`const { Snapshot } = require("pulumi-snaptree");
            const base = new Snapshot("base", { domain: "many" });
            for (let i = 1; i < ${count}; i++) new Snapshot("s" + i, { domain: "many", parent: base });`);
        await using stack = await Stack.create(written.folder, { env: { SNAPTREE_HOST: libvirt.uri } });
        expect((await stack.up()).changes).toEqual({ create: count + 1 });
        expect((await virsh("snapshot-list", "many", "--name")).split("\n")).toHaveLength(count);
        await using listening = await listeningToVirsh();
        expect((await stack.refresh()).changes).toEqual({ same: count + 1 });
        const commands = await listening.commands();
        expect(commands.filter((command) => command === "snapshot-dumpxml")).toHaveLength(count);
        expect(commands.filter((command) => command === "snapshot-list")).toHaveLength(1);
    });
});
