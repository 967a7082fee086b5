import { InvalidInputError } from "../../../provider/model";
import { acceptsUri, parseVboxUri } from "../../../provider/backends/vbox/uri";

const parse = (uri: string) => parseVboxUri(new URL(uri));

test.each(["vbox:///session", "vbox+ssh://host/session", "vbox:///system"])("%s is VirtualBox's", (uri) => {
    expect(acceptsUri(new URL(uri))).toBe(true);
});

test.each(["qemu:///session", "test:///default", "vbox+tcp://host/session", "vboxx:///session", "esx://host/"])("%s is not VirtualBox's", (uri) => {
    expect(acceptsUri(new URL(uri))).toBe(false);
});

test("a VirtualBox of this machine, by its name on PATH or by its path", () => {
    expect(parse("vbox:///session")).toEqual({ shown: "vbox:///session", vboxmanage: "VBoxManage", ssh: null });
    expect(parse("vbox:///session?vboxmanage=%2Fopt%2Fthe%20box%2FVBoxManage").vboxmanage).toBe("/opt/the box/VBoxManage");
});

test("one that ssh reaches, as ssh's own configuration has it where the URI is silent", () => {
    const ssh = { host: "build", user: null, port: null, keyfile: null, command: "ssh" };
    expect(parse("vbox+ssh://build/session")).toEqual({ shown: "vbox+ssh://build/session", vboxmanage: "VBoxManage", ssh });
    const uri = "vbox+ssh://ann%40home@[::1]:2222/session?keyfile=/k/id&command=/usr/bin/ssh&vboxmanage=/opt/VBoxManage";
    expect(parse(uri)).toEqual({
        shown: "vbox+ssh://ann%40home@[::1]:2222/session",
        vboxmanage: "/opt/VBoxManage",
        ssh: { host: "::1", user: "ann@home", port: 2222, keyfile: "/k/id", command: "/usr/bin/ssh" },
    });
});

test.each([
    ["vbox:///system", /ends in "\/system".*write vbox:\/\/\/session/],
    ["vbox:///", /ends in "\/"/],
    ["vbox://build/session", /names the host "build"; write vbox\+ssh:\/\/build\/session/],
    ["vbox+ssh:///session", /names no host/],
    ["vbox:///session?keyfile=/k", /parameter "keyfile", which vbox:\/\/ does not know; leave it out, or take one of vboxmanage$/],
    ["vbox+ssh://h/session?no_verify=1", /parameter "no_verify".*vboxmanage, keyfile, command$/],
    ["vbox:///session?vboxmanage=/a&vboxmanage=/b", /"vboxmanage" twice/],
    ["vbox:///session?vboxmanage=", /"vboxmanage" is empty/],
    ["vbox:///session?vboxmanage=bin/VBoxManage", /"vboxmanage" is the relative path "bin\/VBoxManage"; make it absolute/],
    ["vbox:///session#x", /ends in "#x"/],
    ["vbox+ssh://-oProxyCommand=x/session", /host "-oProxyCommand=x" begins with “-”/],
    ["vbox+ssh://-l@host/session", /user "-l" begins with “-”/],
    ["vbox+ssh://a%60id%60@host/session", /user "a`id`" has characters/],
    ["vbox+ssh://a%ff@host/session", /not percent-encoded/],
])("%s is refused, with what to write", (uri, message) => {
    let error: unknown;
    try {
        parse(uri);
    } catch (thrown) {
        error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ message: expect.stringMatching(message), property: "host" });
});
