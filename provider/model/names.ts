import { createHash } from "node:crypto";
import { InvalidInputError } from "./errors";
import { quoted } from "./text";

const MAX_BYTES = 255;
const RESERVED_PREFIXES = ["auto-", "leave-", "snaptree-tip-"];
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function fault(name: string): string | null {
    if (name === "") return "is empty";
    if (Buffer.byteLength(name) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes of UTF-8`;
    if (!name.isWellFormed()) return "is not well-formed Unicode";
    if (CONTROL.test(name)) return "has a control character";
    if (name.includes("/")) return "has a “/”";
    if (name.startsWith(".") || name.startsWith("-")) return `begins with “${name[0]}”`;
    return null;
}

/**
 * Refuses a name that can't be given to a snapshot, a branch or a domain (design section 1: 1 to 255 bytes of UTF-8, no `/`,
 * no control characters, no leading `.` or `-`).
 *
 * @throws InvalidInputError
 */
export function checkName(name: string, property = "name"): void {
    const why = fault(name);
    if (why) {
        throw new InvalidInputError(
            `${property} ${quoted(name)} ${why}; names are 1 to 255 bytes of UTF-8 without “/”, control characters or a leading “.” or “-”`,
            property,
        );
    }
}

/** Like {@link checkName}, and also refuses the prefixes that Snaptree keeps for itself. */
export function checkNewName(name: string, property = "name"): void {
    checkName(name, property);
    const prefix = RESERVED_PREFIXES.find((p) => name.startsWith(p));
    if (prefix)
        throw new InvalidInputError(`${property} ${quoted(name)} begins with “${prefix}”, which Snaptree keeps for itself; choose another name`, property);
}

/** The branch that leaving a tip makes in the internal model is this snapshot, hidden from the user's tree (design section 1). */
export function tipSnapshotName(branch: string): string {
    return bounded(`snaptree-tip-${branch}`);
}

/** A name of at most so many bytes. Hosts cut longer ones off without a word, and two of them would be one; a checksum keeps them apart. */
export function bounded(name: string, most = MAX_BYTES): string {
    if (Buffer.byteLength(name) <= most) return name;
    const checksum = createHash("sha256").update(name).digest("hex").slice(0, 16);
    const bytes = Buffer.from(name).subarray(0, most - checksum.length - 1);
    return `${new TextDecoder().decode(bytes, { stream: true })}-${checksum}`; // A character that was cut in two is left out.
}

/** So that the longest name of a snapshot leaves room for the rest. */
const MAX_STEM_BYTES = 200;

function shortened(name: string): string {
    let short = name;
    while (Buffer.byteLength(short) > MAX_STEM_BYTES) short = Array.from(short).slice(0, -1).join("");
    return short;
}

/** The name of an automatic branch: `auto-<current>-<n>` (design section 2), `auto-base-<n>` where nothing is current. */
export function automaticName(current: string | null, taken: ReadonlySet<string>): string {
    for (let n = 1; ; n++) {
        const name = `auto-${shortened(current ?? "base")}-${n}`;
        if (!taken.has(name)) return name;
    }
}
