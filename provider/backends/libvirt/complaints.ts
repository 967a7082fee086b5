/*
 * What virsh writes to standard error: lines that begin with “error: ”, which may go on in lines that don't; notices about its connection, written alike; and
 * what libvirt logs.
 */

const PREFIX = "error: ";
const LOG = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+\d{4}: \d+: /;
/** Under a line of the document that has a fault, which may hold secrets. */
const CARET = /^-*\^$/;
const DISCONNECTED = /^Disconnected from .* due to /;
const RECONNECTED = "Reconnected to the hypervisor";
/** virsh had no connection, so the command was not begun. */
const UNCONNECTED = /^(?:Failed to (?:re)?connect to the hypervisor|failed to connect to the hypervisor|no valid connection)/;
/** The connection went while the command waited for its answer; virsh says the rest only later. */
const CUT = /^(?:Cannot (?:recv|write) data: |End of file while reading data: |internal error: (?:client socket is closed|connection closed due to))/;

/** What went wrong, if anything did. */
export interface Trouble {
    /** `refused`: libvirt said no; `unconnected`: nothing was done, for want of a connection; `cut`: the connection was lost, and nobody knows what was done. */
    readonly kind: "refused" | "unconnected" | "cut";
    /** In libvirt's own words. */
    readonly words: string;
}

function messages(lines: readonly string[]): string[] {
    const found: string[][] = [];
    for (const line of lines) {
        const message = found.at(-1);
        if (line.startsWith(PREFIX)) found.push([line.slice(PREFIX.length)]);
        else if (CARET.test(line)) message?.pop();
        else if (line !== "" && !LOG.test(line)) message?.push(line);
    }
    return found.map((message) => message.join("; "));
}

/** What the lines on standard error tell; null where the command was carried out, whatever warnings there are. */
export function troubleOf(lines: readonly string[]): Trouble | null {
    const all = messages(lines);
    const errors = all.filter((message) => message !== RECONNECTED && !DISCONNECTED.test(message));
    if (errors.length === 0) return null;
    const words = errors.join(": ");
    if (UNCONNECTED.test(words)) return { kind: "unconnected", words };
    // virsh connects again only as a command begins: a loss that was noticed before is none of this command's.
    const lost = all.findLastIndex((message) => DISCONNECTED.test(message)) > all.lastIndexOf(RECONNECTED);
    const cut = lost || errors.some((message) => CUT.test(message));
    return { kind: cut ? "cut" : "refused", words };
}
