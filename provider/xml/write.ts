import { InvalidInputError, quoted } from "../model";
import { isXmlText } from "./characters";
import { isElement, type XmlElement } from "./element";

/** Quotes in text too, as libvirt's virBufferEscapeString does; a carriage return would be read back as a line end. */
const IN_TEXT: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\r": "&#13;" };
const IN_ATTRIBUTE: Readonly<Record<string, string>> = { ...IN_TEXT, "\n": "&#10;", "\t": "&#9;" };

/** `where` is all that the message shows: the text may be a password. */
function checked(text: string, where: string): string {
    if (isXmlText(text)) return text;
    throw new InvalidInputError(`${where} can't be written as XML, which forbids control characters and lone surrogates; remove them`);
}

function comment(text: string): string {
    if (!text.includes("--") && !text.endsWith("-")) return `<!--${checked(text, "a comment")}-->`;
    throw new InvalidInputError("a comment can't be written as XML, because it holds “--” or ends in “-”; remove that");
}

function startOf({ name, attributes }: XmlElement): string {
    let start = name;
    for (const [key, value] of Object.entries(attributes)) {
        const legal = checked(value, `the attribute ${quoted(key)} of <${name}>`);
        start += ` ${key}='${legal.replace(/[&<>'"\r\n\t]/g, (c) => IN_ATTRIBUTE[c] as string)}'`;
    }
    return start;
}

/** Without any white space of our own, which would become part of the text. */
function inline(node: XmlElement): string {
    const start = startOf(node);
    if (node.children.length === 0) return `<${start}/>`;
    const inner = node.children.map((part) => {
        if (typeof part === "string") return checked(part, `the text of <${node.name}>`).replace(/[&<>'"\r]/g, (c) => IN_TEXT[c] as string);
        return isElement(part) ? inline(part) : comment(part.comment);
    });
    return `<${start}>${inner.join("")}</${node.name}>`;
}

function block(node: XmlElement, indent: string, out: string[]): void {
    if (node.children.length === 0 || node.children.some((part) => typeof part === "string")) {
        out.push(indent, inline(node), "\n");
        return;
    }
    out.push(indent, "<", startOf(node), ">\n");
    for (const part of node.children) {
        if (typeof part === "string") continue;
        if (isElement(part)) block(part, `${indent}  `, out);
        else out.push(indent, "  ", comment(part.comment), "\n");
    }
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
