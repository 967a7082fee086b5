import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vimHostOf } from "../../../provider/backends/esx/credentials";
import { parseEsxUri } from "../../../provider/backends/esx/uri";

const folder = mkdtempSync(join(tmpdir(), "snaptree-auth-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Who logs in to a URI, where libvirt's auth.conf says this. */
function who(uri: string, conf: string | null, password?: string) {
    const file = join(folder, "auth.conf");
    rmSync(file, { force: true });
    if (conf !== null) writeFileSync(file, conf);
    const { user, password: found } = vimHostOf(parseEsxUri(new URL(uri)), password, { LIBVIRT_AUTH_FILE: file });
    return [user, found];
}

const CONF = `# https://libvirt.org/auth.html
[credentials-lab]
username = ann
password = a = b; c#d

[credentials-other]
username=other
password=other

[auth-esx-lab.example]
credentials=lab

[auth-esx-default]
credentials=other
`;

test("the password that is given goes first, for the user of the URI, or libvirt's default", () => {
    expect(who("esx://h/", null, "x")).toEqual(["root", "x"]);
    expect(who("vpx://h/", null, "x")).toEqual(["administrator", "x"]);
    expect(who("esx://eve@lab.example/", CONF, "x")).toEqual(["eve", "x"]);
});

test("auth.conf has users and passwords by host, then for any", () => {
    expect(who("esx://lab.example/", CONF)).toEqual(["ann", "a = b; c#d"]);
    expect(who("vpx://lab.example/DC0", CONF)).toEqual(["ann", "a = b; c#d"]);
    expect(who("esx://elsewhere/", CONF)).toEqual(["other", "other"]);
    expect(who("esx://eve@lab.example/", CONF)).toEqual(["eve", "a = b; c#d"]);
    expect(who("esx://lab.example/", CONF, "x")).toEqual(["ann", "x"]);
});

test.each([
    [null, /no password for "root" at esx:\/\/h\/; set SNAPTREE_PASSWORD/],
    ["[auth-libvirt-default]\ncredentials=x\n[credentials-x]\npassword=y\n", /no password for "root"/],
    ["[auth-esx-default]\n", /no “credentials” in \[auth-esx-default\]/],
    ["[auth-esx-h]\ncredentials=x\n", /no section \[credentials-x\], which \[auth-esx-h\] names/],
])("without a password, one is told where to write it: %j", (conf, message) => {
    expect(() => who("esx://h/", conf)).toThrow(message);
});

test("a file that can't be read is no missing one", () => {
    expect(() => vimHostOf(parseEsxUri(new URL("esx://h/")), undefined, { LIBVIRT_AUTH_FILE: folder })).toThrow(/can't be read \(EISDIR\)/);
});
