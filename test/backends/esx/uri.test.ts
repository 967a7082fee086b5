import { InvalidInputError } from "../../../provider/model";
import { acceptsUri, parseEsxUri } from "../../../provider/backends/esx/uri";

const parse = (uri: string) => parseEsxUri(new URL(uri));

test.each(["esx://host/", "vpx://vc/DC0", "esx://root@host", "vpx://u@vc:8443/DC0/cluster/host?no_verify=1"])("%s is vSphere's", (uri) => {
    expect(acceptsUri(new URL(uri))).toBe(true);
});

test.each(["qemu:///session", "vbox:///session", "esx+ssh://host/", "gsx://host/"])("%s is not vSphere's", (uri) => {
    expect(acceptsUri(new URL(uri))).toBe(false);
});

test("an ESX host: its certificate is verified, and its user is whoever auth.conf or libvirt's default says", () => {
    const host = {
        kind: "esx",
        server: "host",
        url: "https://host:443/sdk",
        user: null,
        path: [],
        verify: true,
        cacert: null,
        depth: 32,
        shown: "esx://host/",
    };
    expect(parse("esx://host/")).toEqual(host);
    expect(parse("esx://host")).toEqual(host);
    expect(parse("esx://host/?no_verify=0")).toEqual(host);
});

test("a vCenter, of which a datacenter, a cluster and a host are meant, percent-encoded where a URI needs it", () => {
    expect(parse("vpx://vsphere.local%5cann@[::1]:8443/a%2fb/my%20cluster/esx-1?cacert=%2Fetc%2Fca%20x.pem&no_verify=1")).toEqual({
        kind: "vpx",
        server: "::1",
        url: "https://[::1]:8443/sdk",
        user: "vsphere.local\\ann",
        path: ["a/b", "my cluster", "esx-1"],
        verify: false,
        cacert: "/etc/ca x.pem",
        depth: 32,
        shown: "vpx://vsphere.local%5cann@[::1]:8443/a%2fb/my%20cluster/esx-1",
    });
});

test.each([
    ["esx://host/DC0", /goes on behind its host.*write esx:\/\/host\/, or vpx:/],
    ["esx:///", /names no host; write it as esx:\/\/HOST\//],
    ["vpx://vc/DC0?vcenter=x", /parameter "vcenter", which vpx:\/\/ does not know; leave it out, or take one of no_verify, cacert, depth$/],
    ["esx://h/?no_verify=yes", /"no_verify" is "yes"; write 1/],
    ["esx://h/?no_verify=1&no_verify=1", /"no_verify" twice/],
    ["esx://h/?cacert=", /"cacert" is empty/],
    ["esx://h/?cacert=ca.pem", /"cacert" is the relative path "ca.pem"; make it absolute/],
    ["esx://h/#x", /has a “#”/],
    ["esx://a%ff@h/", /not percent-encoded/],
    ["esx://h%2f..%40x/", /host "h\/..@x" has characters that no host has/],
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
