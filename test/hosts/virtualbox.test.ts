import { execa } from "execa";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { needs, suiteWith, virtualbox as required } from "../support/requires";
import { traces } from "./traces";
import { startVirtualBox, type VirtualBox } from "./virtualbox";

suiteWith(needs(required), "a VirtualBox of its own", () => {
    let virtualbox: VirtualBox;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
    });
    afterAll(() => virtualbox.stop());

    async function machine(name: string): Promise<string> {
        await virtualbox.run("createvm", `--name=${name}`, "--register");
        return join(virtualbox.machines, name, `${name}.vbox`);
    }

    test("makes machines whose documents are where it says, and takes snapshots of them", async () => {
        const document = await machine("vm");
        expect(await virtualbox.run("showvminfo", "vm", "--machinereadable")).toContain(`CfgFile="${document}"`);
        expect(await virtualbox.run("snapshot", "vm", "take", "first")).toMatch(/^Snapshot taken\. UUID: [\da-f-]{36}$/);
        expect(await readFile(document, "utf8")).toContain('name="first"');
        await virtualbox.run("unregistervm", "vm", "--delete");
    });

    test("starts with nothing of another's", async () => {
        await using other = await startVirtualBox();
        await machine("alone");
        expect(await other.run("list", "vms")).toBe("");
        expect(await virtualbox.run("list", "vms")).toMatch(/^"alone" /);
    });

    test.each(["$(id) `id` 'a' \"b\" \\ ; *", "--", "-x", "a\nb", "Schnappschuß 快照"])("takes %j as it is", async (text) => {
        const document = await machine("exact");
        await virtualbox.run("setextradata", "exact", "text", text);
        expect(await virtualbox.run("getextradata", "exact", "text")).toBe(`Value: ${text}`);
        expect(await readFile(document, "utf8")).toContain("text");
        await virtualbox.run("unregistervm", "exact", "--delete");
    });

    test("says what went wrong, and that it did, as VBoxManage does", async () => {
        const { exitCode, stderr } = await execa(virtualbox.vboxmanage, ["showvminfo", "nobody"], { reject: false });
        expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^VBoxManage: error: Could not find a registered machine named 'nobody'$/m)]);
    });

    test("finds its machines again after its server was killed", async () => {
        await machine("survives");
        const killed = await virtualbox.server();
        expect(killed).not.toBeNull();
        await virtualbox.killServer();
        expect(await virtualbox.server()).toBeNull();
        expect(await virtualbox.run("snapshot", "survives", "take", "s")).toContain("Snapshot taken");
        expect(await virtualbox.server()).not.toBe(killed);
    });

    test("has no call that goes on when what was called is killed", async () => {
        const names = async () => (await virtualbox.processes()).map(({ name }) => name);
        process.kill(await virtualbox.startedServer(), "SIGSTOP"); // Every call hangs.
        const call = execa(virtualbox.vboxmanage, ["list", "vms"], { reject: false });
        while (!(await names()).includes("VBoxManage")) await setTimeout(5);
        call.kill("SIGKILL");
        await call;
        while ((await names()).includes("VBoxManage")) await setTimeout(5);
        await virtualbox.killServer();
        expect(await virtualbox.run("list", "hostinfo")).toContain("Processor");
    });
});

suiteWith(needs(required), "what VirtualBox leaves behind", () => {
    test("is nothing once it is stopped", async () => {
        const virtualbox = await startVirtualBox();
        await virtualbox.run("createvm", "--name=vm", "--register");
        const processes = await virtualbox.processes();
        expect(processes).not.toEqual([]);
        await virtualbox.stop();
        expect(await traces(virtualbox.folder)).toEqual([]);
        for (const { pid } of processes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    });

    test("is nothing once the tests are killed", async () => {
        const program = `void require("./virtualbox.ts").startVirtualBox().then(({ folder }) => console.log(folder));`;
        const loader = ["--conditions=import", "--import", join(__dirname, "../../node_modules/tsx/dist/loader.mjs")];
        const tests = execa(process.execPath, [...loader, "--input-type=commonjs", "--eval", program], { cwd: __dirname, reject: false });
        const [folder = ""] = (await once(createInterface(tests.stdout), "line")) as string[];
        expect(await traces(folder)).not.toEqual([]);
        tests.kill("SIGKILL");
        await tests;
        while ((await traces(folder)).length > 0) await setTimeout(20);
    });
});
