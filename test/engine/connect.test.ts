import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { connect, InvalidInputError, NotFoundError, SnaptreeError, UnreachableError, UnsupportedError } from "../../provider/engine";

const root = realpathSync(mkdtempSync(join(tmpdir(), "snaptree-connect-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function refusal(uri: string): Promise<SnaptreeError> {
    const error: unknown = await connect(uri).then(
        () => new Error("it connected"),
        (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(SnaptreeError);
    return error as SnaptreeError;
}

describe("connecting", () => {
    test("goes to SNAPTREE_HOST unless told otherwise, and says so where that is missing", async () => {
        const before = process.env.SNAPTREE_HOST;
        process.env.SNAPTREE_HOST = `qemu:///embed?root=${root}`;
        await using host = await connect();
        expect(host.uri).toBe(process.env.SNAPTREE_HOST);
        delete process.env.SNAPTREE_HOST;
        await expect(connect()).rejects.toThrow("no host is given; name one, or set SNAPTREE_HOST, for example to qemu:///embed?root=/srv/vms");
        await expect(connect()).rejects.toThrow(InvalidInputError);
        if (before !== undefined) process.env.SNAPTREE_HOST = before;
    });

    test.each(["plain", "with space", "a+b", "a&b=c", "100%", "ünï", "#hash"])("takes the folder %j as a URI writes it", async (name) => {
        mkdirSync(join(root, name));
        await using host = await connect(`qemu:///embed?root=${root}/${encodeURIComponent(name).replaceAll("%2B", "+")}`);
        expect(await host.domains()).toEqual([]);
        mkdirSync(join(root, name, "web"));
        writeFileSync(join(root, name, "web", "domain.xml"), "<domain/>");
        expect(await host.domains()).toEqual(["web"]);
    });

    test.each<[string, string, new (...args: never[]) => Error, RegExp]>([
        ["no URI", "web", InvalidInputError, /the host is no URI; write it as libvirt does/],
        ["an unknown scheme", "hyperv://host/x", UnsupportedError, /can't do hosts like "hyperv:.*it knows qemu:\/\/\/embed\?root=DIR/],
        ["a libvirt that nobody serves", "qemu+unix:///system?socket=/nowhere/sock", UnreachableError, /qemu\+unix:\/\/\/system.*check that libvirtd/],
        ["embed on another machine", "qemu://host/embed?root=/x", UnsupportedError, /it knows qemu/],
        ["no root", "qemu:///embed", InvalidInputError, /needs the absolute path of a folder: qemu:\/\/\/embed\?root=\/srv\/vms/],
        ["an empty root", "qemu:///embed?root=", InvalidInputError, /needs the absolute path/],
        ["a relative root", "qemu:///embed?root=vms", InvalidInputError, /needs the absolute path/],
        ["two roots", "qemu:///embed?root=/a&root=/b", InvalidInputError, /takes one root/],
        ["an unknown parameter", "qemu:///embed?root=/tmp&socket=x", InvalidInputError, /knows no "socket"; it takes root alone/],
        ["a broken percent sign", "qemu:///embed?root=/100%", InvalidInputError, /write a percent sign as %25/],
        ["a NUL", "qemu:///embed?root=/tmp%00", InvalidInputError, /needs the absolute path/],
        [
            "a root that is not there",
            "qemu:///embed?root=/nowhere/at/all",
            UnreachableError,
            /the host's folder "\/nowhere\/at\/all" can't be reached: .*; make or mount it, or correct the URI/,
        ],
    ])("refuses %s and says what to do", async (_, uri, type, message) => {
        const error = await refusal(uri);
        expect(error).toBeInstanceOf(type);
        expect(error.message).toMatch(message);
    });

    test.each([
        "qemu+ssh://root:hunter2@host/system",
        "qemu://root:hunter2@host/embed?root=/x",
        "esx://root:hunter2/x@host/",
        "esx:root:hunter2@host",
        "esx://root:22/hunter2@host/",
        "vpx://root:22/hunter2@host/",
        "vpx://root:22/%hunter2@host/",
        "esx://root:22#hunter2@host/",
        "root:hunter2@host",
        "esx://host/?password=hunter2",
        "esx://ro%20ot:hunter2@ho st/",
    ])("shows nothing of a password, however %j is written", async (uri) => {
        const error = await refusal(uri);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
        expect(JSON.stringify([error.message, error.details])).not.toContain("hunter2");
    });

    test("with a password in the URI says where it belongs", async () => {
        expect((await refusal("esx://root:hunter2@host/")).message).toBe(
            "the host URI holds a password; take it out and set SNAPTREE_PASSWORD, or the resource's password",
        );
    });

    test("tells a host that is gone from a domain that is not there", async () => {
        const folder = join(root, "share");
        mkdirSync(folder);
        await using host = await connect(`qemu:///embed?root=${folder}`);
        await expect(host.domain("web")).rejects.toThrow(NotFoundError);
        await expect(host.domain("web")).rejects.toThrow(/there is no domain "web" under ".*share"; “snaptree define” makes one/);
        rmSync(folder, { recursive: true });
        await expect(host.domain("web")).rejects.toThrow(UnreachableError);
        await expect(host.domains()).rejects.toThrow(UnreachableError);
        writeFileSync(folder, "a file");
        await expect(host.domain("web")).rejects.toThrow(/is no folder; correct the URI/);
        await expect(host.domains()).rejects.toThrow(UnreachableError);
    });

    test.each(["../web", "a/b", "", ".hidden", "-x", "new\nline"])("never takes the domain name %j for a path or an option", async (name) => {
        await using host = await connect(`qemu:///embed?root=${root}`);
        await expect(host.domain(name)).rejects.toThrow(InvalidInputError);
    });
});
