import { localizedFault, type Fault } from "./faults";
import { partOf, partsOf, refOf, requiredPart, requiredText, wordOf, type Part, type Ref } from "./part";
import type { CallOptions, Session } from "./session";
import { struct, type Argument } from "./soap";

/** One managed object with those of its properties that it has. */
export interface Held {
    readonly ref: Ref;
    readonly properties: ReadonlyMap<string, Part>;
    /** Properties that could not be read, as for want of a privilege. */
    readonly faults: ReadonlyMap<string, Fault>;
}

/** Which properties of which type: `["VirtualMachine", ["name", "config.uuid"]]`. */
export type Wanted = readonly (readonly [type: string, paths: readonly string[]])[];

/** Objects in one answer; further ones come in further pages. */
const PAGE = 250;

function heldFrom(content: Part): Held {
    // Some hosts name a property that is not set, without a value.
    const value = (set: Part) => partsOf(set, "val").map((val) => [requiredText(set, "name"), val] as const);
    const fault = (set: Part) => [requiredText(set, "path"), localizedFault(requiredPart(set, "fault"))] as const;
    return {
        ref: refOf(requiredPart(content, "obj")),
        properties: new Map(partsOf(content, "propSet").flatMap(value)),
        faults: new Map(partsOf(content, "missingSet").map(fault)),
    };
}

/** From a managed object of one type to those that a property of it names, and on from there. @param next names of those that follow, or they themselves */
export function traversal(type: string, path: string, next: readonly Argument[] = [], name?: string): Argument {
    return struct([["name", name], ["type", type], ["path", path], ["skip", false], ["selectSet", next]], "TraversalSpec"); // prettier-ignore
}

/** A traversal that is described elsewhere in the same specification. */
export function named(name: string): Argument {
    return struct([["name", name]]);
}

/** What a collector looks at. @param skip of the objects themselves nothing is wanted, but of those that they lead to */
export function filterSpec(wanted: Wanted, objects: readonly Ref[], select: readonly Argument[] = [], skip = false): Argument {
    return struct([
        ["propSet", wanted.map(([type, paths]) => struct([["type", type], ["pathSet", paths]]))], // prettier-ignore
        ["objectSet", objects.map((obj) => struct([["obj", obj], ["skip", skip], ["selectSet", select]]))], // prettier-ignore
    ]);
}

/** Reads properties: one round trip, and one more for each further page. */
export async function retrieve(session: Session, spec: Argument, options: CallOptions = {}): Promise<Held[]> {
    const { epoch } = session;
    const held = await pages(session, spec, options);
    if (!held.some(({ faults }) => [...faults.values()].some(({ type }) => type === "NotAuthenticated"))) return held;
    // A host may name what it has to a stranger, and tell nothing of it.
    await session.ping();
    return session.epoch === epoch ? held : pages(session, spec, options);
}

async function pages(session: Session, spec: Argument, options: CallOptions): Promise<Held[]> {
    const collector = session.services.propertyCollector;
    const reading = { ...options, reads: true };
    const held: Held[] = [];
    let answer = await session.call("RetrievePropertiesEx", collector, [["specSet", spec], ["options", struct([["maxObjects", PAGE]])]], reading); // prettier-ignore
    for (;;) {
        const result = partOf(answer, "returnval");
        if (result === null) return held;
        for (const content of partsOf(result, "objects")) held.push(heldFrom(content));
        const token = wordOf(result, "token");
        if (token === null) return held;
        answer = await session.call("ContinueRetrievePropertiesEx", collector, [["token", token]], options);
    }
}
