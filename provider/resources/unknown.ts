/** Pulumi's mark for a value that is not known before something else is there; it stands for a value of any type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Properties as Pulumi hands them over: plain values, with {@link UNKNOWN} at any depth. */
export type Properties = Readonly<Record<string, unknown>>;

export function isUnknown(value: unknown): boolean {
    return value === UNKNOWN;
}

/** Without what Pulumi adds for itself (`__provider`, `__defaults`, …) and without absent values, which other languages send as null. */
export function ownProperties(properties: Properties): Properties {
    return Object.fromEntries(
        Object.entries(properties).flatMap(([name, value]) => (name.startsWith("__") || isAbsent(value) ? [] : [[name, present(value)]])),
    );
}

function present(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(present);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (isAbsent(inner) ? [] : [[name, present(inner)]])));
}

function isAbsent(value: unknown): boolean {
    return value === undefined || value === null;
}
