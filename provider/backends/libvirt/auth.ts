import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { InvalidInputError } from "../../model";

/** What of libvirt may ask for a password: its daemon (SASL), the transports that log in by ssh themselves, and the test driver. */
const SERVICES = ["libvirt", "ssh", "test"];

/** A file in libvirt's auth.conf format that answers with one user and password whatever host asks. */
function authDocument(user: string, password: string): string {
    return [
        "[credentials-snaptree]",
        `username=${user}`,
        `authname=${user}`,
        `password=${password}`,
        ...SERVICES.flatMap((service) => [`[auth-${service}-default]`, "credentials=snaptree"]),
        "",
    ].join("\n");
}

/** A value goes to the end of its line, and blanks before it are not part of it. */
function checkValue(what: string, value: string): void {
    if (/[\n\0]|^[\s]/.test(value))
        throw new InvalidInputError(`the ${what} begins with a blank or has a line's end in it, which libvirt's auth.conf can't hold; choose another`, what);
}

/**
 * Opens a file that holds the credentials and has no name any more, so that nothing is left of it however we end; a child that gets it finds it under /dev/fd.
 *
 * @returns its descriptor, to be closed
 * @throws InvalidInputError where libvirt's format can't hold the password
 */
export function openAuthFile(uri: URL, password: string): number {
    const user = decodeURIComponent(uri.username) || userInfo().username;
    checkValue("user", user);
    checkValue("password", password);
    const folder = mkdtempSync(join(tmpdir(), "snaptree-auth-"));
    try {
        const file = openSync(join(folder, "auth.conf"), "wx+", 0o600);
        try {
            writeSync(file, authDocument(user, password));
            return file;
        } catch (error) {
            closeSync(file);
            throw error;
        }
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
