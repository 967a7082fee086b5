import { InvalidInputError, quoted } from "../model";
import { isBlank, isXmlText } from "./characters";
import type { XmlElement, XmlNode } from "./element";

/** Characters. libvirt itself refuses more than 4 MiB (REMOTE_STRING_MAX). */
const MAX_LENGTH = 16 * 1024 * 1024;
const MAX_DEPTH = 128;

/** The text is decoded already, so what it says of its encoding is not looked at. */
const DECLARATION =
    /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(["'])1\.[0-9]+\1(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(["'])[A-Za-z][-.\w]*\2)?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(["'])(?:yes|no)\3)?[ \t\n]*\?>/;
/* eslint-disable no-misleading-character-class -- the joiners and combining marks are ends of ranges */
/** XML 1.0 section 2.3, with surrogates let through, which isXmlText has checked. */
const START =
    ":A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\udfff\\uf900-\\ufdcf\\ufdf0-\\ufffd";
const NAME = `[${START}][-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040${START}]*`;
const BLANKS = "[ \\t\\n]*";
// Sticky, and one attribute at a time: no expression can run over the text twice, whatever stands there.
const OPEN = new RegExp(`<(${NAME})`, "y");
const ATTRIBUTE = new RegExp(`[ \\t\\n]${BLANKS}(${NAME})${BLANKS}=${BLANKS}(?:"([^<"]*)"|'([^<']*)')`, "y");
const OPEN_END = new RegExp(`${BLANKS}(/?)>`, "y");
const CLOSE = new RegExp(`</(${NAME})${BLANKS}>`, "y");
/* eslint-enable no-misleading-character-class */
const REFERENCE = /&(?:#(x[0-9a-fA-F]{1,8}|[0-9]{1,10})|(lt|gt|amp|apos|quot));/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);
const NO_CHILDREN: readonly XmlNode[] = Object.freeze([]);

/** An element whose end has not been read. */
interface Open {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly children: XmlNode[];
}

/**
 * White space between elements is layout. It is content where it is all that an element holds, or where other text stands beside it.
 * libxml2 draws the line there too.
 */
function withoutLayout(children: XmlNode[]): readonly XmlNode[] {
    if (children.length === 0) return NO_CHILDREN;
    if (children.length === 1) return children;
    const significant = children.some((node) => typeof node === "string" && !isBlank(node));
    return significant ? children : children.filter((node) => typeof node !== "string");
}

/** The character that a match of REFERENCE stands for; null where it stands for none. */
function referenced(reference: RegExpExecArray | null): string | null {
    if (!reference) return null;
    const [, number, entity] = reference;
    if (entity) return ENTITIES[entity] ?? null;
    const code = Number(number?.replace("x", "0x"));
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : "";
    return character && isXmlText(character) ? character : null;
}

/** A tag for a message, with its length bounded. */
function tag(name: string): string {
    return `<${name.length > 40 ? `${name.slice(0, 40)}…` : name}>`;
}

/**
 * One pass over a document, strict and without recursion. It is our own because the documents may come from anywhere:
 * fast-xml-parser takes mismatched tags and unknown entities as they come, refuses elements called `constructor`, and takes longer
 * even without the check before it that it would need.
 */
class Reader {
    private readonly text: string;
    private readonly opened: Open[] = [];
    private root: XmlElement | null = null;
    private at = 0;

    constructor(
        text: string,
        private readonly what: string,
    ) {
        if (text.length > MAX_LENGTH) this.refuse(`it is longer than ${MAX_LENGTH / 1024 / 1024} MiB`, "pass a shorter document");
        if (!isXmlText(text)) this.refuse("it has a character that XML forbids, such as a control character", "remove that");
        const unmarked = text.startsWith("\ufeff") ? text.slice(1) : text;
        this.text = unmarked.includes("\r") ? unmarked.replace(/\r\n?/g, "\n") : unmarked;
    }

    document(): XmlElement {
        this.at = DECLARATION.exec(this.text)?.[0].length ?? 0;
        while (this.at < this.text.length) this.next();
        const unclosed = this.opened.at(-1);
        if (unclosed) this.refuse(`${tag(unclosed.name)} is never closed`, "close it, or pass the whole document");
        return this.root ?? this.refuse("there is no element in it", "pass a whole document");
    }

    private next(): void {
        if (this.text[this.at] !== "<") this.characters();
        else if (this.text[this.at + 1] === "/") this.close();
        else if (this.text.startsWith("<!--", this.at)) this.comment();
        else if (this.text.startsWith("<![CDATA[", this.at)) this.cdata();
        else if (this.text[this.at + 1] === "!") this.fail("there is a declaration (DOCTYPE, ENTITY), which could bring in or multiply text", "remove it");
        else if (this.text[this.at + 1] === "?") this.fail("there is a processing instruction (<?…?>) or a malformed XML declaration", "remove it");
        else this.open();
    }

    private characters(): void {
        const found = this.text.indexOf("<", this.at);
        const end = found < 0 ? this.text.length : found;
        const raw = this.text.slice(this.at, end);
        if (raw.includes("]]>")) this.fail("“]]>” stands in text", "write it as ]]&gt;");
        this.addText(this.decoded(raw));
        this.at = end;
    }

    private addText(text: string): void {
        const children = this.opened.at(-1)?.children;
        if (!children) {
            if (!isBlank(text)) this.fail("there is text outside of the outermost element", "remove it");
            return;
        }
        const last = children.length - 1;
        const before = children[last];
        if (typeof before === "string") children[last] = before + text;
        else if (text !== "") children.push(text);
    }

    private comment(): void {
        const end = this.endOf("--", 4, "comment");
        if (this.text[end + 2] !== ">") this.fail("“--” stands within a comment", "remove it");
        this.opened.at(-1)?.children.push({ comment: this.text.slice(this.at + 4, end) });
        this.at = end + 3;
    }

    private cdata(): void {
        const end = this.endOf("]]>", 9, "CDATA section");
        if (this.opened.length === 0) this.fail("there is text outside of the outermost element", "remove it");
        this.addText(this.text.slice(this.at + 9, end));
        this.at = end + 3;
    }

    private endOf(mark: string, skip: number, what: string): number {
        const end = this.text.indexOf(mark, this.at + skip);
        return end < 0 ? this.fail(`a ${what} begins that is never closed`, "close it, or pass the whole document") : end;
    }

    private open(): void {
        const name = this.match(OPEN)?.[1] ?? this.fail("there is a “<” that begins no tag", "write it as &lt;");
        if (this.root && this.opened.length === 0)
            this.fail(`${tag(name)} stands beside ${tag(this.root.name)}`, "pass one document with one outermost element");
        if (this.opened.length === MAX_DEPTH) this.fail(`elements are nested more than ${MAX_DEPTH} deep`, "pass a flatter document");
        const attributes = this.attributes(name);
        const end =
            this.match(OPEN_END) ?? this.fail(`the tag ${tag(name)} is not closed, or has an attribute not written as name='value'`, "correct it there");
        if (end[1]) this.add({ name, attributes, children: NO_CHILDREN });
        else this.opened.push({ name, attributes, children: [] });
    }

    private attributes(owner: string): Readonly<Record<string, string>> {
        let found = this.match(ATTRIBUTE);
        if (!found) return NO_ATTRIBUTES;
        // Without a prototype no name means anything: __proto__ is a key like any other.
        const attributes = Object.create(null) as Record<string, string>;
        for (; found; found = this.match(ATTRIBUTE)) {
            const name = found[1] as string;
            if (name in attributes) this.fail(`${tag(owner)} has the attribute ${quoted(name)} twice`, "remove one");
            // XML 1.0 section 3.3.3: a line end or tab as it stands is a blank, as a reference it is itself.
            attributes[name] = this.decoded((found[2] ?? found[3] ?? "").replace(/[\t\n]/g, " "));
        }
        return attributes;
    }

    private close(): void {
        const name = this.match(CLOSE)?.[1] ?? this.fail("there is a closing tag that is not written as </name>", "correct it there");
        const { children, ...start } = this.opened.pop() ?? this.fail(`${tag(`/${name}`)} closes nothing`, "remove it, or pass the whole document");
        if (start.name !== name) this.fail(`${tag(start.name)} is closed by ${tag(`/${name}`)}`, "close each element by its own name");
        this.add({ ...start, children: withoutLayout(children) });
    }

    private add(complete: XmlElement): void {
        const parent = this.opened.at(-1);
        if (parent) parent.children.push(complete);
        else this.root = complete;
    }

    /** Each reference is decoded once: what comes out is not looked at again. */
    private decoded(raw: string): string {
        let decoded = "";
        let done = 0;
        for (let at = raw.indexOf("&"); at >= 0; at = raw.indexOf("&", done)) {
            REFERENCE.lastIndex = at;
            const character = referenced(REFERENCE.exec(raw));
            // What stands there is not shown: it may be part of a password.
            if (character === null) this.fail("there is a “&” that begins no character or entity that XML knows", "write it as &amp;");
            decoded += raw.slice(done, at) + character;
            done = REFERENCE.lastIndex;
        }
        return done === 0 ? raw : decoded + raw.slice(done);
    }

    private match(expression: RegExp): RegExpExecArray | null {
        expression.lastIndex = this.at;
        const found = expression.exec(this.text);
        if (found) this.at = expression.lastIndex;
        return found;
    }

    private fail(why: string, remedy: string): never {
        let line = 1;
        for (let end = this.text.indexOf("\n"); end >= 0 && end < this.at; end = this.text.indexOf("\n", end + 1)) line++;
        return this.refuse(`in line ${line} ${why}`, remedy);
    }

    private refuse(why: string, remedy: string): never {
        throw new InvalidInputError(`${this.what} can't be read as XML: ${why}; ${remedy}`);
    }
}

/**
 * Reads an XML 1.0 document strictly. White space between elements is dropped, all other text kept exactly; comments are kept, CDATA
 * becomes text, and what stands before and after the outermost element is dropped.
 *
 * @param text At most 16 MiB, nested at most 128 deep, without DOCTYPE and processing instructions.
 * @param what What the text is, for the message: `the XML of snapshot "base"`.
 * @throws InvalidInputError
 */
export function parseXml(text: string, what = "the document"): XmlElement {
    return new Reader(text, what).document();
}
