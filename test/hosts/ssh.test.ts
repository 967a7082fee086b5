import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { libvirt as installed, needs, ssh as server, suiteWith } from "../support/requires";
import { defineGuest } from "./guest";
import { type Libvirt, startLibvirt } from "./libvirt";
import { type Ssh, startSsh } from "./ssh";
import { traces } from "./traces";

suiteWith(needs(installed, server), "a way to libvirt over SSH", () => {
    let libvirt: Libvirt;
    let ssh: Ssh;
    beforeAll(async () => {
        [libvirt, ssh] = await Promise.all([startLibvirt({ release: "installed" }), startSsh()]);
    });
    afterAll(() => Promise.all([libvirt.stop(), ssh.stop()]));

    const list = async (uri: string): Promise<string> => (await execa("virsh", ["--connect", uri, "list", "--all", "--name"])).stdout.trimEnd();

    test("reaches the libvirt that it names", async () => {
        await defineGuest(libvirt, { name: "afar" });
        expect(await list(ssh.uri(libvirt))).toBe("afar");
    });

    test("two servers at once know only their own keys", async () => {
        await using other = await startSsh();
        expect(await list(other.uri(libvirt))).toContain("afar");
        const { exitCode, stderr } = await execa(other.command, ["-p", `${other.port}`, "-i", ssh.key, "root@127.0.0.1", "true"], { reject: false });
        expect([exitCode, stderr]).toEqual([255, expect.stringContaining("Permission denied")]);
    });

    test("leaves root's own list of known servers alone, and nothing behind", async () => {
        const known = (): Promise<string> => readFile("/root/.ssh/known_hosts", "utf8").catch(() => "none");
        const before = await known();
        const other = await startSsh();
        await list(other.uri(libvirt));
        expect(await traces(other.folder)).not.toEqual([]);
        await other.stop();
        expect(await traces(other.folder)).toEqual([]);
        expect(await known()).toBe(before);
    });
});
