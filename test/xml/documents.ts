import fc from "fast-check";
import type { XmlElement, XmlNode } from "../../provider/xml";

const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_][-.\w]{0,8}$/), fc.constantFrom("toString", "hasOwnProperty", "snaptree:branch", "é"));
// eslint-disable-next-line no-control-regex
const legal = fc.string({ unit: "binary" }).map((s) => s.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\r"));
const text = fc.oneof(legal, fc.constantFrom(" x", "\n\ttwo\nlines ", "]]>", "&amp;", "<b>", "'\"", "\r\n", "\u2028", "\u0085"));
const comment = legal.map((s) => ({ comment: s.replace(/[-\r]/g, "") }));

/** What a document can hold once it is read: no empty text, no two texts side by side, blanks only where they are content. */
function settled(children: readonly XmlNode[]): XmlNode[] {
    const joined: XmlNode[] = [];
    for (const node of children) {
        const last = joined.at(-1);
        if (typeof node === "string" && typeof last === "string") joined[joined.length - 1] = last + node;
        else if (node !== "") joined.push(node);
    }
    const content = joined.length === 1 || joined.some((n) => typeof n === "string" && /[^ \t\r\n]/.test(n));
    return content ? joined : joined.filter((n) => typeof n !== "string");
}

/** Any document as it is once it is read. */
export const { document } = fc.letrec<{ document: XmlElement }>((tie) => ({
    document: fc.record({
        name,
        attributes: fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
        children: fc.array(fc.oneof({ depthSize: "small", withCrossShrink: true }, text, comment, tie("document")), { maxLength: 5 }).map(settled),
    }),
}));

const NAMED: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;" };

/**
 * A document spelled as XML 1.0 allows, in one way of many: either quote, references of every kind, CDATA, blanks within tags and between
 * elements. It shares nothing with formatXml, so that the two don't agree on a mistake.
 */
export function spelled(doc: XmlElement, choices: Iterator<number>): string {
    const choose = <T>(...options: readonly T[]): T => options[(choices.next().value as number) % options.length] as T;
    const blanks = (): string => choose("", "", " ", "\n", "\t", "\r\n ");
    const reference = (c: string): string => {
        const code = c.codePointAt(0) as number;
        return choose(`&#${code};`, `&#x${code.toString(16)};`, `&#x00${code.toString(16).toUpperCase()};`, NAMED[c] ?? `&#${code};`);
    };
    // As a reference what must be one, and now and then what need not.
    const characters = (text: string, special: RegExp): string =>
        Array.from(text, (c) => (special.test(c) || choose(false, false, false, false, true) ? reference(c) : c)).join("");
    const cdata = (text: string): string => `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
    const textual = (text: string): string => (text.includes("\r") || choose(true, true, false) ? characters(text, /[<&>\r]/) : cdata(text));
    const value = (text: string): string =>
        choose(
            () => `'${characters(text, /[<&'\r\n\t]/)}'`,
            () => `"${characters(text, /[<&"\r\n\t]/)}"`,
        )();
    const spell = (node: XmlNode): string => {
        if (typeof node === "string") return textual(node);
        if ("comment" in node) return `<!--${node.comment}-->`;
        const attributes = Object.entries(node.attributes).map(([name, text]) => ` ${blanks()}${name}${blanks()}=${blanks()}${value(text)}`);
        const start = `<${node.name}${attributes.join("")}${blanks()}`;
        if (node.children.length === 0) return choose(`${start}/>`, `${start}></${node.name}${blanks()}>`);
        const layout = node.children.some((part) => typeof part === "string") || node.children.length === 1 ? (): string => "" : blanks;
        return `${start}>${node.children.map((part) => layout() + spell(part)).join("")}${layout()}</${node.name}${blanks()}>`;
    };
    return `${choose("", "<?xml version='1.0'?>", '\ufeff<?xml version="1.1" encoding="UTF-8"?>\n')}${blanks() && "\n"}${spell(doc)}${blanks()}`;
}
