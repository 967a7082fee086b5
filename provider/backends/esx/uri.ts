import { isAbsolute } from "node:path";
import { decoded, invalidHost as invalid, parametersOf, quoted } from "../../model";

/*
 * What the ESX backend takes for a host, as libvirt writes it: esx://[USER@]HOST[:PORT]/[?no_verify=1][&cacert=FILE][&depth=N], and
 * vpx://[USER@]HOST[:PORT]/[DATACENTER[/FOLDER…/CLUSTER[/HOST]]][?…] for a vCenter.
 */

/** What a URI says. */
export interface EsxHost {
    readonly kind: "esx" | "vpx";
    /** The name, or the address; one of IPv6 without its brackets. */
    readonly server: string;
    /** `https://HOST:PORT/sdk`. */
    readonly url: string;
    /** Null: as libvirt's auth.conf has it, or the default. */
    readonly user: string | null;
    /** Inventory path whose machines are meant; empty: all. */
    readonly path: readonly string[];
    /** False: whatever certificate the host shows is taken. */
    readonly verify: boolean;
    /** A file of certificates (PEM) to trust; null: those that Node trusts. */
    readonly cacert: string | null;
    /** Snapshots that one chain can have; vSphere has 32 of them unless it is set up otherwise. */
    readonly depth: number;
    /** The URI as messages show it: without its parameters. */
    readonly shown: string;
}

const PARAMETERS = ["no_verify", "cacert", "depth"];

const DEPTH = 32;

/** Whether a URI is for an ESX host or a vCenter. */
export function acceptsUri(uri: URL): boolean {
    return uri.protocol === "esx:" || uri.protocol === "vpx:";
}

function verifyOf(value: string | undefined): boolean {
    if (value === undefined || value === "0") return true;
    if (value === "1") return false;
    throw invalid(`the host URI's parameter "no_verify" is ${quoted(value)}; write 1 to take any certificate, or leave it out`);
}

function cacertOf(value: string | undefined): string | null {
    if (value === undefined || isAbsolute(value)) return value ?? null;
    throw invalid(`the host URI's parameter "cacert" is the relative path ${quoted(value)}; make it absolute`);
}

function depthOf(value = String(DEPTH)): number {
    if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
    throw invalid(
        `the host URI's parameter "depth" is ${quoted(value)}; give it the number of snapshots that one chain can have, or leave it out for ${DEPTH}`,
    );
}

/** What is wrong there is not shown: where a password was written with characters of a URI's own, a part of it would be. */
function pathOf(uri: URL): string[] {
    if (uri.pathname.includes("@"))
        throw invalid(
            `the host URI has an “@” behind its host; write one in a name as %40, and take a password out: set SNAPTREE_PASSWORD, or the resource's password`,
        );
    const path = uri.pathname
        .split("/")
        .filter((part) => part !== "")
        .map(decoded);
    if (uri.protocol === "vpx:" || path.length === 0) return path;
    throw invalid(`the host URI goes on behind its host, and an ESX host has no datacenters: write esx://${uri.host}/, or vpx:// for a vCenter`);
}

/** As a URL for HTTPS has it; a name goes in as it is, and may hold what no name has. */
function serverOf(uri: URL): string {
    const server = decoded(uri.hostname);
    if (server === "") throw invalid(`the host URI names no host; write it as ${uri.protocol}//HOST/`);
    if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])$/i.test(server)) throw invalid(`the host URI's host ${quoted(server)} has characters that no host has; correct it`);
    return server;
}

/**
 * What a URI of an ESX host or a vCenter says.
 *
 * @throws InvalidInputError (`host`) for a path below an ESX host, and for parameters that it does not know.
 * @example parseEsxUri(new URL("vpx://ann@vc.example/Berlin?no_verify=1")) // { kind: "vpx", user: "ann", path: ["Berlin"], verify: false, … }
 */
export function parseEsxUri(uri: URL): EsxHost {
    const server = serverOf(uri);
    if (uri.hash !== "") throw invalid("the host URI has a “#”; leave out what begins there, or write it as %23");
    const path = pathOf(uri);
    const parameters = parametersOf(uri, PARAMETERS);
    const user = uri.username && `${uri.username}@`;
    return {
        kind: uri.protocol === "vpx:" ? "vpx" : "esx",
        server: server.replace(/^\[(.*)\]$/, "$1"),
        url: `https://${server}:${uri.port || "443"}/sdk`,
        user: uri.username === "" ? null : decoded(uri.username),
        path,
        verify: verifyOf(parameters.get("no_verify")),
        cacert: cacertOf(parameters.get("cacert")),
        depth: depthOf(parameters.get("depth")),
        shown: `${uri.protocol}//${user}${uri.host}${uri.pathname || "/"}`,
    };
}
