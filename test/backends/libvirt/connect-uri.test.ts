import { acceptsUri, isLocal, shownUri } from "../../../provider/backends/libvirt/connect-uri";

const accepted = [
    ["qemu:///system", true],
    ["qemu:///session", true],
    ["qemu+unix:///system?socket=/run/x", true],
    ["test:///default", true],
    ["test:///srv/node.xml", true],
    ["test+unix:///default", true],
    ["qemu://host/system", false],
    ["qemu+tls://host:16514/system", false],
    ["qemu+tcp:///system", false],
    ["qemu+ssh://user@host:2222/system?keyfile=/k", false],
    ["qemu+ssh:///system", false],
    ["qemu+libssh2://host/session", false],
    ["test+ssh://[::1]/default", false],
] as const;

test.each(accepted)("%s is libvirt's, and whether its files are of this machine is known: %s", (uri, local) => {
    expect(acceptsUri(new URL(uri))).toBe(true);
    expect(isLocal(new URL(uri))).toBe(local);
});

test.each([
    "qemu:///embed?root=/srv",
    "qemu+ssh://host/embed",
    "esx://host/",
    "vbox:///session",
    "xen:///system",
    "qemu+x:///system",
    "qemux:///system",
    "file:///qemu",
])("%s is not libvirt's", (uri) => {
    expect(acceptsUri(new URL(uri))).toBe(false);
});

test("a message shows of a URI where it leads, and neither password nor parameters", () => {
    expect(shownUri(new URL("qemu+ssh://user:hunter2@host:2222/system?keyfile=hunter2"))).toBe("qemu+ssh://user@host:2222/system");
    expect(shownUri(new URL("qemu:///system"))).toBe("qemu:///system");
});
