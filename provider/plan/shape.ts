import {
    EXPORT_VERSION,
    type ExportedBranch,
    type ExportedSnapshot,
    type HierarchyExport,
    InvalidInputError,
    type Loss,
    type LossSizes,
    type Operation,
    quoted,
} from "../model";
import type { Basis } from "./basis";

/** Of the form in which plans are written to files. */
export const VERSION = 1;

/** A plan as it is stored. */
export interface StoredPlan {
    readonly version: number;
    readonly operations: readonly Operation[];
    readonly losses: readonly Loss[];
    readonly sizes: LossSizes;
    readonly warnings: readonly string[];
    readonly basis: Basis;
}

/** Where a value is not as it should be: its path below the value; null where all is well. */
type Check = (value: unknown) => string | null;

/** Every field of a type and what it has to be, complete by the compiler's word. */
type Fields<T> = { readonly [K in keyof Required<T>]: Check };

const HERE = "";
const when =
    (holds: (value: unknown) => boolean): Check =>
    (value) =>
        holds(value) ? null : HERE;

const text = when((value) => typeof value === "string");
const flag = when((value) => typeof value === "boolean");
const count = when((value) => typeof value === "number" && Number.isFinite(value) && value >= 0);
const oneOf = (...values: readonly unknown[]) => when((value) => values.includes(value));
const optional =
    (check: Check): Check =>
    (value) =>
        value === undefined ? null : check(value);
const orNull =
    (check: Check): Check =>
    (value) =>
        value === null ? null : check(value);

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

const listOf =
    (check: Check): Check =>
    (value) => {
        if (!Array.isArray(value)) return HERE;
        for (const [i, item] of value.entries()) {
            const fault = check(item);
            if (fault !== null) return `[${i}]${fault}`;
        }
        return null;
    };

const recordOf =
    (check: Check): Check =>
    (value) => {
        if (!isObject(value)) return HERE;
        for (const [key, item] of Object.entries(value)) {
            const fault = check(item);
            if (fault !== null) return `.${key}${fault}`;
        }
        return null;
    };

function objectOf<T>(fields: Fields<T>): Check {
    const known = new Map<string, Check>(Object.entries(fields));
    return (value) => {
        if (!isObject(value)) return HERE;
        for (const key of Object.keys(value)) if (!known.has(key)) return `.${key}`;
        for (const [key, check] of known) {
            const fault = check(Object.hasOwn(value, key) ? value[key] : undefined);
            if (fault !== null) return `.${key}${fault}`;
        }
        return null;
    };
}

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { readonly kind: K }>;

const kind = text; // It chose the fields.
const move = {
    keepTip: orNull(text),
    powerState: optional(oneOf("shutoff", "running", "paused")),
    leave: optional(oneOf("refuse", "shutdown", "checkpoint", "destroy")),
};
const others = { snapshots: listOf(text), branches: listOf(text) };
const mode = oneOf("internal", "external");
const disk: Check = objectOf({ snapshot: optional(oneOf("internal", "external", "no")), file: optional(text), driver: optional(text) });

const exported = objectOf<HierarchyExport>({
    ...{ version: oneOf(EXPORT_VERSION), domain: text, uuid: text, xml: text, current: orNull(text), branch: orNull(text) },
    snapshots: listOf(objectOf<ExportedSnapshot>({ name: text, xml: text, contentId: orNull(text), made: flag, owner: orNull(text), nvram: orNull(text) })),
    branches: listOf(
        objectOf<ExportedBranch>({
            ...{ name: text, from: orNull(text), tip: orNull(text), files: recordOf(text), tag: orNull(text), xml: text },
            ...{ owner: orNull(text), nvram: orNull(text) },
        }),
    ),
});

const OPERATIONS: Readonly<Record<Operation["kind"], Check>> = {
    create: objectOf<OperationOf<"create">>({
        ...{ kind, name: text, parent: orNull(text), source: oneOf("tip", "parent"), provisioned: flag, moveTip: flag, keepTip: orNull(text) },
        ...{ replace: optional(flag), description: optional(text), mode: optional(mode), diskOnly: optional(flag), memoryFile: optional(text) },
        ...{ quiesce: optional(flag), compression: optional(text), disks: optional(recordOf(disk)), halt: optional(flag), atomic: optional(flag) },
        ...{ live: optional(flag), reuseExternal: optional(flag), noMetadata: optional(flag), owner: optional(text) },
        leave: move.leave,
    }),
    redefine: objectOf<OperationOf<"redefine">>({
        ...{ kind, name: text, rename: optional(text), description: optional(orNull(text)), xml: optional(text), creationTime: optional(count) },
        ...{ state: optional(text), current: optional(flag), force: optional(flag) },
    }),
    delete: objectOf<OperationOf<"delete">>({
        ...{ kind, name: text, branches: listOf(text), chain: optional(oneOf("keep")) },
        scope: oneOf("keepChildren", "subtree", "children", "metadata"),
    }),
    revert: objectOf<OperationOf<"revert">>({ kind, name: text, ...move, resetNvram: optional(flag), force: optional(flag) }),
    commit: objectOf<OperationOf<"commit">>({ kind, name: text, branch: orNull(text), discard: flag, ...others }),
    merge: objectOf<OperationOf<"merge">>({ kind, name: text, into: text, ...others }),
    branch: objectOf<OperationOf<"branch">>({ kind, name: text, from: text, owner: optional(text) }),
    switch: objectOf<OperationOf<"switch">>({ kind, name: text, ...move }),
    unbranch: objectOf<OperationOf<"unbranch">>({ kind, name: text }),
    reset: objectOf<OperationOf<"reset">>({ kind, name: text, to: text, snapshots: listOf(text) }),
    rename: objectOf<OperationOf<"rename">>({ kind, name: text, to: text }),
    adopt: objectOf<OperationOf<"adopt">>({
        ...{ kind, name: text, from: orNull(text), tip: orNull(text), files: recordOf(text), tag: orNull(text) },
        ...{ xml: optional(text), owner: optional(text) },
    }),
    import: objectOf<OperationOf<"import">>({ kind, name: text, hierarchy: exported }),
    forget: objectOf<OperationOf<"forget">>({ kind, name: text }),
};

function operation(value: unknown): string | null {
    if (!isObject(value)) return HERE;
    const found = Object.entries(OPERATIONS).find(([name]) => name === value.kind);
    return found ? found[1](value) : ".kind";
}

const plan = objectOf<StoredPlan>({
    version: oneOf(VERSION),
    operations: listOf(operation),
    losses: listOf(text),
    sizes: recordOf(count),
    warnings: listOf(text),
    basis: objectOf<Basis>({ uuid: text, nodes: recordOf(orNull(text)), tip: text }),
});

function isPlan(value: unknown): value is StoredPlan {
    return plan(value) === null;
}

/** @throws InvalidInputError for what is no plan, or one of another version. */
export function checkPlan(value: unknown): StoredPlan {
    if (isPlan(value)) return value;
    if (!isObject(value) || !("version" in value) || !("operations" in value))
        throw new InvalidInputError("this is no plan of Snaptree; make one with “snaptree plan --out”");
    if (value.version !== VERSION) {
        throw new InvalidInputError(
            `this plan is of version ${quoted(String(value.version))}, and only ${VERSION} is known here: another Snaptree made it; plan again with this one`,
            "version",
        );
    }
    const path = (plan(value) ?? HERE).replace(/^\./, "");
    throw new InvalidInputError(`the plan has something at ${quoted(path)} that doesn't belong there, or lacks it; plan again`, path);
}

function isExport(value: unknown): value is HierarchyExport {
    return exported(value) === null;
}

/** A hierarchy that was written to a file. @throws InvalidInputError for what is none, or one of another version. */
export function checkExport(value: unknown): HierarchyExport {
    if (isExport(value)) return value;
    if (!isObject(value) || !("version" in value) || !("snapshots" in value))
        throw new InvalidInputError("this is no hierarchy that Snaptree exported; make one with “snaptree export”");
    if (value.version !== EXPORT_VERSION) {
        throw new InvalidInputError(
            `this hierarchy is of version ${quoted(String(value.version))}, and only ${EXPORT_VERSION} is known here: another Snaptree made it; export it with this one`,
            "version",
        );
    }
    const path = (exported(value) ?? HERE).replace(/^\./, "");
    throw new InvalidInputError(`the hierarchy has something at ${quoted(path)} that doesn't belong there, or lacks it; export it again`, path);
}
