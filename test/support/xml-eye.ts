// A second pair of eyes on XML that the library writes: none of its own code, and none of the parser that it uses.

/** An element: its attributes, its text, and its children by name. */
export interface Seen {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly text: string;
    readonly children: readonly Seen[];
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decoded(text: string): string {
    return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (_, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return NAMED[name] ?? "?";
        return String.fromCodePoint(decimal === undefined ? parseInt(hex ?? "0", 16) : Number(decimal));
    });
}

/** Reads what a well-behaved writer wrote; throws where a tag is not closed by its own name. */
export function look(xml: string): Seen {
    interface Open {
        readonly name: string;
        readonly attributes: Record<string, string>;
        text: string;
        readonly children: Open[];
    }
    const top: Open = { name: "", attributes: {}, text: "", children: [] };
    const open = [top];
    for (const [, text = "", close, name, attributes = "", empty] of xml.matchAll(
        /([^<]*)<(?:\/([^>\s]+)\s*|([^\s/>]+)((?:\s+[^\s=>/]+=(?:'[^']*'|"[^"]*"))*)\s*(\/?))>/g,
    )) {
        const inner = open.at(-1) ?? top;
        inner.text += decoded(text);
        if (close !== undefined) {
            if (open.pop()?.name !== close) throw new Error(`</${close}> closes something else`);
            continue;
        }
        const pairs = [...attributes.matchAll(/([^\s=]+)=(?:'([^']*)'|"([^"]*)")/g)].map(([, key = "", single, double]) => [
            key,
            decoded(single ?? double ?? ""),
        ]);
        const element: Open = { name: name ?? "", attributes: Object.fromEntries(pairs) as Record<string, string>, text: "", children: [] };
        inner.children.push(element);
        if (empty === "") open.push(element);
    }
    const [root, other] = top.children;
    if (!root || other || open.length !== 1) throw new Error("no single element that is closed");
    return root;
}

/** The text at a path of names: `at(seen, "parent", "name")`; undefined where there is no such element. */
export function at(seen: Seen, ...path: string[]): string | undefined {
    return path.reduce<Seen | undefined>((found, name) => found?.children.find((child) => child.name === name), seen)?.text;
}
