/*
 * What the libvirt backend takes for a host, and what is known of one from its URI alone: DRIVER[+TRANSPORT]://[USER@][HOST][:PORT]/PATH[?PARAMETERS].
 */

const SCHEME = /^(?<driver>qemu|test)(?:\+(?<transport>unix|ssh|libssh2?|tls|tcp))?:$/;

function transportOf(uri: URL): string {
    // Without one, libvirt takes TLS where a host is named.
    return SCHEME.exec(uri.protocol)?.groups?.transport ?? (uri.host === "" ? "unix" : "tls");
}

/** Whether a URI is for libvirt: those of QEMU and of the test driver, except for the embedded QEMU, which is a backend of its own. */
export function acceptsUri(uri: URL): boolean {
    return SCHEME.test(uri.protocol) && uri.pathname !== "/embed";
}

/** Whether files that a domain names are files of this machine. */
export function isLocal(uri: URL): boolean {
    return uri.host === "" && transportOf(uri) === "unix";
}

/** Whether the hypervisor is in virsh itself, and another virsh sees nothing of it: the test driver without a daemon. */
export function isInProcess(uri: URL): boolean {
    return uri.protocol === "test:" && uri.host === "";
}

/** What of a URI may stand in a message: no password, and no parameters, which are for libvirt alone. */
export function shownUri(uri: URL): string {
    const user = uri.username && `${uri.username}@`;
    return `${uri.protocol}//${user}${uri.host}${uri.pathname}`;
}

/** What to do where a host can't be reached, for a reason in libvirt's words. */
export function connectAdvice(uri: URL, words: string): string {
    if (/authentication failed/i.test(words)) return "check the user in the URI, and give the password in SNAPTREE_PASSWORD or in the resource";
    const transport = transportOf(uri);
    if (transport === "unix") return "check that libvirtd or virtqemud runs and that you may use its socket (on most systems: the group libvirt)";
    if (transport !== "ssh") return "check that libvirt listens there and that you may use it";
    const command = ["ssh", ...(uri.port ? ["-p", uri.port] : []), `${uri.username && `${uri.username}@`}${uri.hostname}`].join(" ");
    return `check that “${command}” works without asking anything, that libvirt runs there and that you may use it`;
}
