import { InvalidInputError, quoted } from "../model";
import { isXmlText } from "./characters";
import { isElement, type XmlElement, type XmlNode } from "./element";

/** Quotes in text too, as libvirt's virBufferEscapeString does; a carriage return would be read back as a line end. */
const IN_TEXT: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\r": "&#13;" };
const IN_ATTRIBUTE: Readonly<Record<string, string>> = { ...IN_TEXT, "\n": "&#10;", "\t": "&#9;" };

function checked(text: string): string {
    if (isXmlText(text)) return text;
    throw new InvalidInputError(`${quoted(text)} can't be written as XML, which forbids control characters and lone surrogates; remove them`);
}

function comment(text: string): string {
    if (!text.includes("--") && !text.endsWith("-")) return `<!--${checked(text)}-->`;
    throw new InvalidInputError(`${quoted(text)} can't be written as a comment, which must not hold “--”; remove that`);
}

function startOf({ name, attributes }: XmlElement): string {
    let start = name;
    for (const [key, value] of Object.entries(attributes)) start += ` ${key}='${checked(value).replace(/[&<>'"\r\n\t]/g, (c) => IN_ATTRIBUTE[c] as string)}'`;
    return start;
}

/** Without any white space of our own, which would become part of the text. */
function inline(node: XmlNode): string {
    if (typeof node === "string") return checked(node).replace(/[&<>'"\r]/g, (c) => IN_TEXT[c] as string);
    if (!isElement(node)) return comment(node.comment);
    const start = startOf(node);
    return node.children.length === 0 ? `<${start}/>` : `<${start}>${node.children.map(inline).join("")}</${node.name}>`;
}

function block(node: XmlNode, indent: string, out: string[]): void {
    const holdsText = typeof node === "string" || !isElement(node) || node.children.some((c) => typeof c === "string");
    if (holdsText || node.children.length === 0) {
        out.push(indent, inline(node), "\n");
        return;
    }
    out.push(indent, "<", startOf(node), ">\n");
    for (const inner of node.children) block(inner, `${indent}  `, out);
    out.push(indent, "</", node.name, ">\n");
}

/**
 * Writes a document as libvirt does: two blanks of indent, single quotes, `<empty/>`, a line end last. What {@link parseXml} read comes
 * back equal from the result.
 *
 * @throws InvalidInputError for characters that XML forbids.
 */
export function formatXml(root: XmlElement): string {
    const out: string[] = [];
    block(root, "", out);
    return out.join("");
}
