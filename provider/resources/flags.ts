import { type CreationFlags, checkFlags } from "../engine/flags";
import { FlagConflictError } from "../model";
import { type Properties, isUnknown } from "./unknown";

/** Pairs whose rule and wording the engine has: a flag and the one that it excludes or requires. */
const pairs = [
    ["current", "redefine"],
    ["noMetadata", "redefine"],
    ["halt", "redefine"],
    ["memoryFile", "diskOnly"],
    ["quiesce", "diskOnly"],
] as const;

/** What `redefine` excludes besides: it alters what is remembered and takes nothing. */
const notWithRedefine = { live: "live", quiesce: "quiesce", provision: "provision" } as const;

/** What means nothing unless a snapshot is redefined. */
const onlyWithRedefine = { creationTime: "creation time", state: "state", xml: "xml" } as const;

/** The flags of a snapshot that exclude each other, each by the property to change. Unknown values exclude nothing yet. */
export function flagConflicts(inputs: Properties): [property: string, error: FlagConflictError][] {
    const found = pairs.flatMap(([flag, other]) => {
        // Only on QEMU is a guest whose memory is saved stopped, so that its agent can't answer.
        if (flag === "quiesce" && !String(inputs.host).startsWith("qemu")) return [];
        const conflict = pairConflict(inputs, flag, other);
        return conflict ? [[flag, conflict] as [string, FlagConflictError]] : [];
    });
    return [...found, ...redefineConflicts(inputs)];
}

function pairConflict(inputs: Properties, flag: keyof CreationFlags, other: keyof CreationFlags): FlagConflictError | null {
    if (isUnknown(inputs[flag]) || isUnknown(inputs[other])) return null;
    try {
        checkFlags({ [flag]: inputs[flag], [other]: inputs[other] });
        return null;
    } catch (error) {
        if (error instanceof FlagConflictError) return error;
        throw error;
    }
}

function redefineConflicts(inputs: Properties): [string, FlagConflictError][] {
    const conflicts = (words: Readonly<Record<string, string>>, message: (word: string) => string): [string, FlagConflictError][] =>
        Object.entries(words).flatMap(([name, word]) => (isSet(inputs[name]) ? [[name, new FlagConflictError(message(word))]] : []));
    if (inputs.redefine === true) return conflicts(notWithRedefine, (word) => `redefine and ${word} flags are mutually exclusive`);
    if (isUnknown(inputs.redefine)) return [];
    return conflicts(onlyWithRedefine, (word) => `use of ${word} flag requires redefine flag`);
}

function isSet(value: unknown): boolean {
    return value !== undefined && value !== false && !isUnknown(value) && !(Array.isArray(value) && value.length === 0);
}
