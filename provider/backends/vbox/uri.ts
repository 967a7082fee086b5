import { isAbsolute } from "node:path";
import { decoded, invalidHost as invalid, parametersOf, quoted } from "../../model";

/*
 * What the VirtualBox backend takes for a host: vbox:///session[?vboxmanage=PATH] and
 * vbox+ssh://[USER@]HOST[:PORT]/session[?vboxmanage=PATH&keyfile=FILE&command=SSH].
 */

/** How ssh reaches a host. */
export interface SshTarget {
    readonly host: string;
    /** Null: as ssh's own configuration has it. */
    readonly user: string | null;
    /** Null: likewise. */
    readonly port: number | null;
    /** A private key's file; null: likewise. */
    readonly keyfile: string | null;
    /** The program. */
    readonly command: string;
}

/** What a URI says. */
export interface VboxHost {
    /** The URI as messages show it: without its parameters. */
    readonly shown: string;
    /** The VBoxManage to run: a path, or a name on PATH. */
    readonly vboxmanage: string;
    /** Null: VirtualBox runs on this machine. */
    readonly ssh: SshTarget | null;
}

/** Whichever is on PATH. */
export const VBOXMANAGE = "VBoxManage";

const LOCAL = ["vboxmanage"];
const REMOTE = ["vboxmanage", "keyfile", "command"];

/** Whether a URI is for VirtualBox. */
export function acceptsUri(uri: URL): boolean {
    return uri.protocol === "vbox:" || uri.protocol === "vbox+ssh:";
}

/** ssh would take it for an option, or the shell of a ProxyCommand for more than a name. */
function checked(what: string, name: string): string {
    if (name.startsWith("-")) throw invalid(`the host URI's ${what} ${quoted(name)} begins with “-”; correct it`);
    if (/[\s\p{Cc}'"`$&;|<>()\\]/u.test(name)) throw invalid(`the host URI's ${what} ${quoted(name)} has characters that no ${what} has; correct it`);
    return name;
}

function sshTargetOf(uri: URL, parameters: ReadonlyMap<string, string>): SshTarget {
    const host = decoded(uri.hostname).replace(/^\[(.*)\]$/, "$1"); // An IPv6 address.
    if (host === "") throw invalid("the host URI names no host; write it as vbox+ssh://HOST/session, or vbox:///session for this machine");
    return {
        host: checked("host", host),
        user: uri.username === "" ? null : checked("user", decoded(uri.username)),
        port: uri.port === "" ? null : Number(uri.port),
        keyfile: parameters.get("keyfile") ?? null,
        command: parameters.get("command") ?? "ssh",
    };
}

/** A program: as PATH has it, or by a path that means the same from wherever we are run. */
function program(parameter: string, value: string): string {
    if (!value.includes("/") || isAbsolute(value)) return value;
    throw invalid(`the host URI's parameter ${quoted(parameter)} is the relative path ${quoted(value)}; make it absolute`);
}

/**
 * What a URI of VirtualBox says.
 *
 * @throws InvalidInputError (`host`) for another path than /session, and for parameters that it does not know.
 * @example parseVboxUri(new URL("vbox+ssh://ann@build:2222/session")).ssh // { host: "build", user: "ann", port: 2222, … }
 */
export function parseVboxUri(uri: URL): VboxHost {
    const remote = uri.protocol === "vbox+ssh:";
    if (uri.pathname !== "/session") throw invalid(`the host URI ends in ${quoted(uri.pathname)}; VirtualBox's machines are those of a user: write ${uri.protocol}//${uri.host}/session`); // prettier-ignore
    if (!remote && uri.host !== "") throw invalid(`the host URI names the host ${quoted(uri.host)}; write vbox+ssh://${uri.host}/session for that, or vbox:///session for this machine`); // prettier-ignore
    if (uri.hash !== "") throw invalid(`the host URI ends in ${quoted(uri.hash)}; leave it out, or write “#” as %23`);
    const parameters = parametersOf(uri, remote ? REMOTE : LOCAL);
    const ssh = remote ? sshTargetOf(uri, parameters) : null;
    const user = uri.username && `${uri.username}@`;
    return {
        shown: `${uri.protocol}//${user}${uri.host}${uri.pathname}`,
        vboxmanage: program("vboxmanage", parameters.get("vboxmanage") ?? VBOXMANAGE),
        ssh,
    };
}
