import { readFile } from "node:fs/promises";
import { isCollection, isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { InvalidInputError, quoted } from "../model";

const REASONS: Readonly<Record<string, string>> = {
    ENOENT: "it is not there; correct the path",
    EISDIR: "it is a folder; name a file",
    EACCES: "this user may not; run as one who may, or change its permissions",
};

/** The text of a file that somebody named. @throws InvalidInputError */
export async function readText(file: string): Promise<string> {
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        const { code = "", message } = error as NodeJS.ErrnoException;
        throw new InvalidInputError(`${quoted(file)} can't be read: ${REASONS[code] ?? message}`, "file", { cause: error });
    }
}

/** What a file of YAML says, and where. JSON is YAML too. */
export interface Source {
    readonly file: string;
    readonly value: Readonly<Record<string, unknown>>;
    /** `tree.yaml, line 7`: where a property stands that is written as `snapshots.base.provision[0]`; of one that is missing, where it should. */
    readonly place: (property: string) => string;
}

/** A property's path in its parts: `disks["my disk"].file` has three. */
function partsOf(property: string): (string | number)[] {
    const parts = property.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|[^.[\]]+/g);
    return [...parts].map(([text, index, name]) => (index !== undefined ? Number(index) : name !== undefined ? (JSON.parse(name) as string) : text));
}

/** The node itself, or of a missing one the innermost that is there; of a field in a map, its key. */
function nodeAt(root: Node | null, property: string): Node | null {
    let found = root;
    let node: unknown = root;
    for (const part of partsOf(property)) {
        const pair = isMap(node) ? node.items.find(({ key }) => String(key) === String(part)) : undefined;
        const next = pair ? pair.value : isSeq(node) ? node.get(part, true) : undefined;
        const shown = pair ? pair.key : next;
        if (!isNode(shown)) break;
        found = shown;
        node = next;
    }
    return found;
}

/** @throws InvalidInputError for what is no YAML, or no mapping of names to values. */
export async function readSource(file: string): Promise<Source> {
    const text = await readText(file);
    const counter = new LineCounter();
    const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
    const line = (offset: number) => `${file}, line ${counter.linePos(offset).line}`;
    const [fault] = document.errors;
    if (fault) throw new InvalidInputError(`${line(fault.pos[0])}: ${fault.message.replace(/\.$/, "")}; correct it, as YAML or JSON`, "file", { cause: fault });
    if (!isMap(document.contents)) {
        const is = isCollection(document.contents) ? "a list" : text.trim() === "" ? "empty" : "a single value";
        throw new InvalidInputError(`${file} is ${is}; write what a SnapshotTree takes, beginning with “snapshots:”`, "file");
    }
    const root = document.contents;
    return {
        file,
        value: document.toJS() as Record<string, unknown>,
        place: (property) => line(nodeAt(root, property)?.range?.[0] ?? 0),
    };
}
