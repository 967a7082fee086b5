import { HostError } from "../../../model";

/*
 * What answers are made of, and how values are taken from them. Whatever is not as the vSphere API describes it ends in a MalformedAnswer: a value is never
 * guessed.
 */

/** The host's answer is not what the vSphere API describes. */
export class MalformedAnswer extends HostError {}

/** A managed object: its type and id. */
export interface Ref {
    readonly type: string;
    readonly id: string;
}

/** One element of an answer, named without prefixes. */
export interface Part {
    readonly name: string;
    /** `xsi:type` without its prefix; null: as declared. */
    readonly kind: string | null;
    /** `type`, which references to managed objects carry. */
    readonly refType: string | null;
    /** Text that stands directly in it. */
    readonly text: string;
    readonly parts: readonly Part[];
}

/** An element that is not there. */
export const NOTHING: Part = { name: "", kind: null, refType: null, text: "", parts: [] };

function malformed(part: Part, name: string, what: string): never {
    throw new MalformedAnswer(`<${part.name}> has ${what} for “${name}”`);
}

/** The first child of that name; null where there is none. */
export function partOf(part: Part, ...path: readonly string[]): Part | null {
    let at: Part | null = part;
    for (const name of path) at = at?.parts.find((each) => each.name === name) ?? null;
    return at;
}

export function partsOf(part: Part, name: string): Part[] {
    return part.parts.filter((each) => each.name === name);
}

export function requiredPart(part: Part, name: string): Part {
    return partOf(part, name) ?? malformed(part, name, "nothing");
}

/** The text of a child; null where there is no such child. */
export function textOf(part: Part, name: string): string | null {
    return partOf(part, name)?.text ?? null;
}

export function requiredText(part: Part, name: string): string {
    return textOf(part, name) ?? malformed(part, name, "nothing");
}

/** Text that is not empty; null otherwise: hosts write an unset text either way. */
export function wordOf(part: Part, name: string): string | null {
    return textOf(part, name) || null;
}

export function numberOf(part: Part, name: string): number | null {
    const text = textOf(part, name);
    if (text === null || text === "") return null;
    return /^-?\d{1,19}$/.test(text.trim()) ? Number(text) : malformed(part, name, "no whole number");
}

export function requiredNumber(part: Part, name: string): number {
    return numberOf(part, name) ?? malformed(part, name, "nothing");
}

/** XML Schema has 1 and 0 too. */
export function isTrue(part: Part, name: string): boolean {
    const text = textOf(part, name)?.trim() ?? "";
    if (!["", "true", "false", "1", "0"].includes(text)) malformed(part, name, "no truth value");
    return text === "true" || text === "1";
}

/** Milliseconds since 1970: hosts give up to nine digits of a second. */
export function requiredTime(part: Part, name: string): number {
    const text = requiredText(part, name).trim();
    const [, seconds = "", fraction = "", zone = "Z"] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
    const whole = Date.parse(`${seconds}${zone}`);
    return Number.isNaN(whole) ? malformed(part, name, "no time") : whole + Number(fraction) * 1000;
}

export function oneOf<T extends string>(part: Part, name: string, values: readonly T[]): T {
    const text = requiredText(part, name);
    return values.find((value) => value === text) ?? malformed(part, name, "a value that the vSphere API does not know");
}

/** The managed object that a part refers to. */
export function refOf(part: Part): Ref {
    if (part.refType === null || part.text === "") malformed(part, "type", "no reference");
    return { type: part.refType, id: part.text };
}
