import { XMLParser } from "fast-xml-parser";
import { InvalidInputError, quoted } from "../model";
import { isBlank } from "./characters";
import { isElement, type XmlElement, type XmlNode } from "./element";
import { checkXml, clipped, OUTSIDE, referenced, type Refuse } from "./strict";

const MAX_DEPTH = 128;
const REFERENCE = /&(?:#([0-9]+|x[0-9a-fA-F]+)|(\w+));/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

const options = {
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    commentPropName: "#comment",
    cdataPropName: "#cdata",
    ignoreDeclaration: true,
    trimValues: false,
    parseTagValue: false,
    // It does not decode numbers without HTML's entities.
    processEntities: false,
    // toString and the like keep their names; __proto__, constructor and prototype it always refuses.
    onDangerousProperty: (name: string) => name,
    jPath: false,
};

/** It counts from 0. */
const parserFor = (depth: number) => new XMLParser({ ...options, maxNestedTags: depth - 1 });

const parser = parserFor(MAX_DEPTH);

/** A node as the library gives it. The first key is its name: `#text`, `#comment`, `#cdata`, or an element's; `:@` are the attributes. */
type Parsed = Readonly<Record<string, string | readonly Parsed[]>>;

type RawAttributes = Readonly<Record<string, string>>;

function parsed(text: string, depth: number, refuse: Refuse): readonly Parsed[] {
    // Behind an empty outermost element its check passes anything, its “/” at the end of the document too; text is dropped here unless
    // something follows.
    if (!/>[ \t\r\n]*$/.test(text)) refuse("there is text outside of the outermost element, or a tag is not closed", "remove it, or pass the whole document");
    const whole = /<\/[^<>]*>[ \t\r\n]*$/.test(text) ? text : `${text}<!---->`;
    try {
        return (depth === MAX_DEPTH ? parser : parserFor(depth)).parse(whole) as readonly Parsed[];
    } catch (error) {
        const { message } = error as Error;
        if (message.startsWith("Maximum nested")) refuse(`elements are nested more than ${depth} deep`, "pass a flatter document");
        const reserved = /Invalid name: "(\w+)"/.exec(message)?.[1];
        if (!reserved) throw error;
        return refuse(`an element or attribute is called ${quoted(reserved)}, which means something else in JavaScript`, "rename it");
    }
}

/** Each reference is decoded once: what comes out is not looked at again. */
function decoded(raw: string): string {
    if (!raw.includes("&")) return raw;
    return raw.replace(REFERENCE, (_, number?: string, entity?: string) => (number ? referenced(number) : (ENTITIES[entity ?? ""] ?? "")));
}

function attributesOf(owner: string, raw: RawAttributes, refuse: Refuse): Readonly<Record<string, string>> {
    // Without a prototype no name means anything.
    const attributes = Object.create(null) as Record<string, string>;
    for (const name in raw) {
        const value = raw[name] as string;
        if (value.includes("<")) refuse(`the attribute ${quoted(clipped(name))} of <${clipped(owner)}> is not written as name='value'`, "write “<” as &lt;");
        // XML 1.0 section 3.3.3: a line end or tab as it stands is a blank, as a reference it is itself.
        attributes[name] = decoded(value.replace(/[\t\n]/g, " "));
    }
    return attributes;
}

/**
 * White space between elements is layout. It is content where it is all that an element holds, or where other text stands beside it.
 * libxml2 draws the line there too.
 */
function withoutLayout(children: XmlNode[]): XmlNode[] {
    if (children.length < 2 || children.some((node) => typeof node === "string" && !isBlank(node))) return children;
    return children.filter((node) => typeof node !== "string");
}

function addText(nodes: XmlNode[], text: string): void {
    const last = nodes.length - 1;
    const before = nodes[last];
    if (typeof before === "string") nodes[last] = before + text;
    else if (text !== "") nodes.push(text);
}

function nodesOf(content: readonly Parsed[], owner: string, refuse: Refuse): XmlNode[] {
    const nodes: XmlNode[] = [];
    for (const node of content) {
        const name = Object.keys(node)[0] as string;
        const inner = node[name] as string | readonly Parsed[];
        if (typeof inner === "string") {
            if (inner.includes("]]>")) refuse(`“]]>” stands in the text of <${clipped(owner)}>`, "write it as ]]&gt;");
            addText(nodes, decoded(inner));
        } else if (name === "#cdata") {
            if (owner === "") refuse(OUTSIDE, "remove it");
            addText(nodes, inner[0]?.["#text"] as string);
        } else if (name === "#comment") nodes.push({ comment: inner[0]?.["#text"] as string });
        else
            nodes.push({
                name,
                attributes: attributesOf(name, node[":@"] as unknown as RawAttributes, refuse),
                children: withoutLayout(nodesOf(inner, name, refuse)),
            });
    }
    return nodes;
}

function rootOf(nodes: readonly XmlNode[], refuse: Refuse): XmlElement {
    const [root, other] = nodes.filter(isElement);
    if (!root) return refuse("there is no element in it", "pass a whole document");
    if (other) refuse(`<${clipped(other.name)}> stands beside <${clipped(root.name)}>`, "pass one document with one outermost element");
    if (nodes.some((node) => typeof node === "string" && !isBlank(node))) refuse(OUTSIDE, "remove it");
    return root;
}

/**
 * Reads an XML 1.0 document strictly. White space between elements is dropped, all other text kept exactly; comments are kept, CDATA
 * becomes text, and what stands before and after the outermost element is dropped.
 *
 * @param text At most 4 MiB, nested at most 128 deep by default, without DOCTYPE and processing instructions, and without elements or attributes
 * that are called `__proto__`, `constructor` or `prototype`.
 * @param what What the text is, for the message: `the XML of snapshot "base"`.
 * @param depth How deep elements may be nested.
 * @throws InvalidInputError
 */
export function parseXml(text: string, what = "the document", depth = MAX_DEPTH): XmlElement {
    const refuse: Refuse = (why, remedy) => {
        throw new InvalidInputError(`${what} can't be read as XML: ${why}; ${remedy}`);
    };
    const unmarked = text.startsWith("\ufeff") ? text.slice(1) : text;
    checkXml(unmarked, refuse);
    return rootOf(nodesOf(parsed(unmarked, depth, refuse), "", refuse), refuse);
}
