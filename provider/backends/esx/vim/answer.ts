import { isXmlText } from "../../../xml/characters";
import { referenced } from "../../../xml/strict";
import { MalformedAnswer, type Part } from "./part";

/*
 * Reads the XML of answers into parts, in one pass and strictly: a hierarchy is read several times for each change, and parseXml takes ten times as long.
 * Hosts write elements, attributes, text and the five entities; anything that could bring in or multiply text is refused.
 */

/** Elements nested in each other: what stands around a tree of snapshots, and as many of these as an administrator may have allowed. */
const MAX_DEPTH = 1024;

const NAME = "[A-Za-z_][\\w.-]*";
const DECLARATION = /^\ufeff?\s*(?:<\?xml\s[^?<>]*\?>)?/;

/** What stands between the brackets of a tag: its name, its attributes, and whether it is empty. */
const TAG = new RegExp(`^(?:${NAME}:)?(${NAME})((?:\\s+(?:${NAME}:)?${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)$`);

/** `type` itself, which references carry, and the one of XML Schema, whatever its prefix. */
const TYPE = new RegExp(`\\s(${NAME}:)?type\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");

const REFERENCE = /&(?:#([0-9]{1,10}|x[0-9a-fA-F]{1,8})|(\w+));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

interface Open extends Part {
    kind: string | null;
    refType: string | null;
    text: string;
    parts: Open[];
}

/** Most elements hold text alone, and share it: nothing is ever put in it. */
const NO_PARTS: Open[] = [];

function opened(name: string): Open {
    return { name, kind: null, refType: null, text: "", parts: NO_PARTS };
}

function decoded(raw: string): string {
    if (!raw.includes("&")) return raw;
    return raw.replace(REFERENCE, (_, number?: string, entity?: string) => {
        const text = number === undefined ? ENTITIES[entity ?? ""] : referenced(number);
        if (!text) throw new MalformedAnswer("it has a “&” that begins no character or entity that XML knows");
        return text;
    });
}

function clipped(name: string): string {
    return `<${name.slice(0, 40)}>`;
}

/** Reads one answer, from its beginning to its end. */
class Reader {
    private readonly document = opened("");
    private readonly path = [this.document];
    private current = this.document;
    private at: number;

    constructor(private readonly text: string) {
        this.at = DECLARATION.exec(text)?.[0].length ?? 0;
    }

    root(): Part {
        for (let next = this.text.indexOf("<", this.at); next >= 0; next = this.text.indexOf("<", this.at)) {
            if (next > this.at) this.current.text += decoded(this.text.slice(this.at, next));
            this.at = next + 1;
            if (this.text.startsWith("!", this.at)) this.passage();
            else this.tag(this.until(">"));
        }
        if (this.path.length > 1) throw new MalformedAnswer(`it breaks off within ${clipped(this.current.name)}`);
        const [root, other] = this.document.parts;
        const outside = this.document.text + this.text.slice(this.at);
        if (root === undefined || other !== undefined || outside.trim() !== "") throw new MalformedAnswer("it is no XML document");
        return root;
    }

    /** What stands before that mark, which is passed. */
    private until(mark: string): string {
        const end = this.text.indexOf(mark, this.at);
        if (end < 0) throw new MalformedAnswer("it breaks off in the middle");
        const before = this.text.slice(this.at, end);
        this.at = end + mark.length;
        return before;
    }

    private passage(): void {
        if (this.text.startsWith("!--", this.at)) this.until("-->");
        else if (this.text.startsWith("![CDATA[", this.at)) this.current.text += this.until("]]>").slice("![CDATA[".length);
        else throw new MalformedAnswer("it has a declaration (DOCTYPE, ENTITY), which could bring in or multiply text");
    }

    private tag(tag: string): void {
        const closing = tag.startsWith("/");
        const [, name, attributes = "", empty = ""] = TAG.exec(closing ? tag.slice(1) : tag) ?? [];
        if (name === undefined || (closing && attributes + empty !== ""))
            throw new MalformedAnswer(tag.startsWith("?") ? "it has a processing instruction" : "a “<” in it begins no tag");
        if (closing) this.close(name);
        else this.open(name, attributes, empty === "/");
    }

    private open(name: string, attributes: string, empty: boolean): void {
        const part = opened(name);
        if (attributes.includes("type")) this.type(part, attributes);
        if (this.current.parts === NO_PARTS) this.current.parts = [part];
        else this.current.parts.push(part);
        if (empty) return;
        if (this.path.push(part) > MAX_DEPTH) throw new MalformedAnswer(`its elements are nested more than ${MAX_DEPTH} deep`);
        this.current = part;
    }

    private type(part: Open, attributes: string): void {
        for (const [, prefix, double, single = ""] of attributes.matchAll(TYPE)) {
            const value = decoded(double ?? single);
            if (prefix === undefined) part.refType = value;
            else part.kind = value.slice(value.indexOf(":") + 1);
        }
    }

    private close(name: string): void {
        if (this.current.name !== name || this.path.length === 1)
            throw new MalformedAnswer(`${clipped(this.current.name)} is closed by </${name.slice(0, 40)}>`);
        // Blanks between elements are layout.
        if (this.current.parts.length > 0) this.current.text = "";
        this.path.pop();
        this.current = this.path.at(-1) as Open;
    }
}

/**
 * The outermost element of an answer.
 *
 * @throws MalformedAnswer where it is no XML, or such as no host writes.
 */
export function parseAnswer(text: string): Part {
    if (!isXmlText(text)) throw new MalformedAnswer("it has a character that XML forbids");
    return new Reader(text).root();
}
