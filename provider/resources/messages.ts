import type { ErrorObject } from "ajv";
import { quoted } from "../model";
import type { Properties } from "./unknown";

/** What the validator's schemas say of a value, in the words of schema/json-schema.ts. */
interface Wanted {
    readonly expected?: string;
    readonly hint?: string;
    readonly secret?: boolean;
    readonly properties?: Readonly<Record<string, Wanted>>;
}

/** The path of the property that an error is about, as a program would write it: `disks.vda.file`, `provision[0].command`. */
export function faultyProperty(error: ErrorObject, inputs: Properties): string {
    const named = (error.params as Record<string, unknown>).missingProperty ?? (error.params as Record<string, unknown>).additionalProperty;
    const keys = error.instancePath
        .split("/")
        .slice(1)
        .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    let at: unknown = inputs;
    let path = "";
    for (const key of typeof named === "string" ? [...keys, named] : keys) {
        path += Array.isArray(at) ? `[${key}]` : /^[A-Za-z_$][\w$]*$/.test(key) ? `${path ? "." : ""}${key}` : `[${quoted(key)}]`;
        at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined;
    }
    return path;
}

/** One sentence: what was expected, what was given unless that may be a secret, and what to do. */
export function describeFault(error: ErrorObject, property: string): string {
    const wanted = (error.parentSchema ?? {}) as Wanted;
    const params = error.params as Record<string, unknown>;
    if (typeof params.missingProperty === "string") {
        const missing = wanted.properties?.[params.missingProperty];
        return `${property} is missing; it takes ${missing?.expected ?? "a value"}`;
    }
    if (typeof params.additionalProperty === "string")
        return `${property} is not known; ${suggestion(params.additionalProperty, Object.keys(wanted.properties ?? {}))}`;
    return `${property} takes ${wanted.expected ?? "something else"}, but is ${given(error.data, wanted.secret === true)}; ${wanted.hint ?? "correct it or leave it out"}`;
}

function given(value: unknown, secret: boolean): string {
    if (value === "") return "empty";
    if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
    if (typeof value === "object") return "an object";
    if (typeof value === "string") return secret ? "text" : quoted(value);
    return secret ? `a ${typeof value}` : String(value);
}

function suggestion(name: string, known: readonly string[]): string {
    const near = nearest(name, known);
    if (near !== null) return `did you mean “${near}”?`;
    return known.length <= 6 ? `known are ${known.join(", ")}` : "remove it";
}

/** The known name that is most like the given one; null when none is. Case and the `_` or `-` of other languages don't count. */
export function nearest(name: string, known: readonly string[]): string | null {
    const plain = (text: string): string => text.toLowerCase().replace(/[_-]/g, "");
    const wanted = plain(name.slice(0, 64));
    const ranked = known.map((candidate) => ({ candidate, apart: distance(wanted, plain(candidate)) })).sort((a, b) => a.apart - b.apart);
    const [best] = ranked;
    return best && best.apart <= Math.max(1, Math.floor(wanted.length / 3)) ? best.candidate : null;
}

/** How many letters have to be added, removed or changed to turn one text into the other (Levenshtein). */
function distance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (const [i, letter] of [...a].entries()) {
        const next = [i + 1];
        for (let j = 1; j <= b.length; j++) {
            next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
