import { execa } from "execa";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { needs, suiteWith, vsphere as required } from "../support/requires";
import { traces } from "./traces";
import { startVsphere } from "./vsphere";

suiteWith(needs(required), "a vSphere host of its own", () => {
    test.each([
        ["vpx", "/DC0/vm/", "VirtualCenter"],
        ["esx", "/ha-datacenter/vm/", "HostAgent"],
    ] as const)("is a %s with the machines that were asked for, and leaves nothing behind", async (kind, machines, type) => {
        const vsphere = await startVsphere({ kind, machines: 2 });
        try {
            expect(await vsphere.govc("about", "-json")).toContain(`"apiType": "${type}"`);
            await vsphere.createMachine("more", 2);
            expect((await vsphere.govc("ls", `${machines}*`)).split("\n").sort()).toEqual(["more", "vm-0", "vm-1"].map((name) => machines + name));
            expect((await vsphere.govc("device.ls", "-vm", "more")).match(/^disk-/gm)).toHaveLength(2);
            await vsphere.destroyMachine("more");
            expect(await vsphere.govc("ls", `${machines}more`)).toBe("");
        } finally {
            await vsphere.stop();
        }
        expect(await traces(vsphere.folder)).toEqual([]);
    });

    test("lets nobody in with another password, and nobody who doubts its certificate", async () => {
        await using vsphere = await startVsphere({ kind: "vpx" });
        const user = encodeURIComponent(vsphere.user);
        await expect(vsphere.govc("ls", `-u=https://${user}:wrong@127.0.0.1:${vsphere.port}`)).rejects.toThrow("Login failure");
        await expect(vsphere.govc("ls", "-tls-ca-certs=")).rejects.toThrow("certificate signed by unknown authority");
    });

    test("is gone once the tests are killed", async () => {
        const program = `void require("./vsphere.ts").startVsphere({ kind: "esx" }).then(({ folder }) => console.log(folder));`;
        const loader = ["--conditions=import", "--import", join(__dirname, "../../node_modules/tsx/dist/loader.mjs")];
        const tests = execa(process.execPath, [...loader, "--input-type=commonjs", "--eval", program], { cwd: __dirname, reject: false });
        const [folder = ""] = (await once(createInterface(tests.stdout), "line")) as string[];
        expect(await traces(folder)).not.toEqual([]);
        tests.kill("SIGKILL");
        await tests;
        while ((await traces(folder)).length > 0) await setTimeout(20);
    });
});
