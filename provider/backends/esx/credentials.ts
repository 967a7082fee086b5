import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InvalidInputError, quoted } from "../../model";
import type { EsxHost } from "./uri";
import type { VimHost } from "./vim";

/*
 * Who logs in: the user of the URI with the password that was given, or what libvirt's auth.conf has for the host.
 * See https://libvirt.org/auth.html, “Client configuration”; libvirt looks up ESX hosts and vCenters alike as the service “esx”.
 */

/** Whom libvirt takes where nobody is named. */
const DEFAULT_USERS = { esx: "root", vpx: "administrator" } as const;

type Section = ReadonlyMap<string, string>;
type AuthConf = ReadonlyMap<string, Section>;

/** What of the environment says where the file is. */
export interface AuthPlaces {
    readonly LIBVIRT_AUTH_FILE?: string | undefined;
    readonly XDG_CONFIG_HOME?: string | undefined;
}

/** Null where the file does not exist. */
function textAt(file: string): string | null {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return null;
        throw new InvalidInputError(`libvirt's ${quoted(file)}, where passwords are looked up, can't be read (${code ?? "no reason is given"}); correct that, or set SNAPTREE_PASSWORD`); // prettier-ignore
    }
}

/** The first that there is; the one of the environment alone, where that names one. */
function found({ LIBVIRT_AUTH_FILE, XDG_CONFIG_HOME }: AuthPlaces): { readonly file: string; readonly text: string } | null {
    const user = join(XDG_CONFIG_HOME || join(homedir(), ".config"), "libvirt", "auth.conf");
    for (const file of LIBVIRT_AUTH_FILE ? [LIBVIRT_AUTH_FILE] : [user, "/etc/libvirt/auth.conf"]) {
        const text = textAt(file);
        if (text !== null) return { file, text };
    }
    return null;
}

/** A value goes to the end of its line; blanks before it are not part of it. */
function parsed(text: string): AuthConf {
    const sections = new Map<string, Map<string, string>>();
    let section = new Map<string, string>();
    for (const line of text.split(/\r?\n/)) {
        const name = /^\s*\[(?<name>[^\]]*)\]\s*$/.exec(line)?.groups?.name;
        const [, key, value] = /^\s*([^#;[=\s][^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
        if (name !== undefined) sections.set(name, (section = sections.get(name) ?? new Map<string, string>()));
        else if (key !== undefined) section.set(key, value ?? "");
    }
    return sections;
}

function credentialsIn(conf: AuthConf, server: string, file: string): Section | null {
    const group = [`auth-esx-${server}`, "auth-esx-default"].find((name) => conf.has(name));
    if (group === undefined) return null;
    const problem = (missing: string) => new InvalidInputError(`libvirt's ${quoted(file)} has ${missing}; add it, or set SNAPTREE_PASSWORD`);
    const name = conf.get(group)?.get("credentials");
    if (name === undefined) throw problem(`no “credentials” in [${group}]`);
    const credentials = conf.get(`credentials-${name}`);
    if (credentials === undefined) throw problem(`no section [credentials-${name}], which [${group}] names`);
    return credentials;
}

/**
 * Where and as whom to log in.
 *
 * @param password what was given, in the environment or with a resource; it goes before what auth.conf says
 * @throws InvalidInputError where there is no password
 */
export function vimHostOf(host: EsxHost, password: string | undefined, places: AuthPlaces = process.env): VimHost {
    const { url, path, verify, cacert, shown, server, kind } = host;
    const file = password === undefined || host.user === null ? found(places) : null;
    const stored = file && credentialsIn(parsed(file.text), server, file.file);
    const user = host.user ?? stored?.get("username") ?? DEFAULT_USERS[kind];
    const secret = password ?? stored?.get("password");
    if (secret === undefined)
        throw new InvalidInputError(`there is no password for ${quoted(user)} at ${shown}; set SNAPTREE_PASSWORD, or the resource's password, or write it to libvirt's auth.conf`, "password"); // prettier-ignore
    return { url, path, verify, cacert, shown, user, password: secret };
}
