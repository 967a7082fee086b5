import { isXmlText } from "../../../xml/characters";
import { referenced } from "../../../xml/strict";
import { MalformedAnswer, type Part } from "./part";

/*
 * Reads the XML of answers into parts, in one pass and strictly: a hierarchy is read several times for each change, and parseXml takes six times as long.
 * Hosts write elements, attributes, text and the five entities; anything that could bring in or multiply text is refused.
 */

/** Elements nested in each other: what stands around a tree of snapshots, and as many of these as an administrator may have allowed. */
const MAX_DEPTH = 1024;

const NAME = "[A-Za-z_][\\w.-]*";
const ATTRIBUTE = `\\s+(?:${NAME}:)?${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*')`;

/** Each begins where the one before has ended. */
const TOKEN = new RegExp(
    `<(?<close>/?)(?:${NAME}:)?(?<name>${NAME})(?<attributes>(?:${ATTRIBUTE})*)\\s*(?<empty>/?)>|(?<text>[^<]+)|<!--[^]*?-->|<!\\[CDATA\\[(?<data>[^]*?)\\]\\]>`,
    "y",
);

/** `type` itself, which references carry, and the one of XML Schema, whatever its prefix. */
const TYPE = new RegExp(`\\s(?<prefix>${NAME}:)?type\\s*=\\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')`, "g");

const REFERENCE = /&(?:#([0-9]{1,10}|x[0-9a-fA-F]{1,8})|(\w+));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

interface Open extends Part {
    kind: string | null;
    refType: string | null;
    text: string;
    readonly parts: Open[];
}

function decoded(raw: string): string {
    if (!raw.includes("&")) return raw;
    return raw.replace(REFERENCE, (_, number?: string, entity?: string) => {
        const text = number === undefined ? ENTITIES[entity ?? ""] : referenced(number);
        if (!text) throw new MalformedAnswer("it has a “&” that begins no character or entity that XML knows");
        return text;
    });
}

function opened(name: string, attributes: string): Open {
    const part: Open = { name, kind: null, refType: null, text: "", parts: [] };
    if (!attributes.includes("type")) return part;
    for (const { groups: { prefix, double, single = "" } = {} } of attributes.matchAll(TYPE)) {
        const value = decoded(double ?? single);
        if (prefix === undefined) part.refType = value;
        else part.kind = value.slice(value.indexOf(":") + 1);
    }
    return part;
}

/** Where no token begins: what is there instead. */
function refuse(text: string, at: number): never {
    if (text.startsWith("<!", at)) throw new MalformedAnswer("it has a declaration (DOCTYPE, ENTITY), which could bring in or multiply text");
    if (text.startsWith("<?", at)) throw new MalformedAnswer("it has a processing instruction");
    throw new MalformedAnswer(!text.includes(">", at) ? "it breaks off in the middle" : "a “<” in it begins no tag");
}

/**
 * The outermost element of an answer.
 *
 * @throws MalformedAnswer where it is no XML, or such as no host writes.
 */
export function parseAnswer(text: string): Part {
    if (!isXmlText(text)) throw new MalformedAnswer("it has a character that XML forbids");
    const document: Open = { name: "", kind: null, refType: null, text: "", parts: [] };
    const path = [document];
    let at: Open = document;
    TOKEN.lastIndex = /^\ufeff?\s*(?:<\?xml\s[^?<>]*\?>)?/.exec(text)?.[0].length ?? 0;
    while (TOKEN.lastIndex < text.length) {
        const begin = TOKEN.lastIndex;
        const token = TOKEN.exec(text)?.groups;
        if (token === undefined) return refuse(text, begin);
        const { close, name, attributes = "", empty, text: raw, data } = token;
        if (name === undefined) at.text += data ?? decoded(raw ?? "");
        else if (close === "/") {
            if (at.name !== name || path.length === 1) throw new MalformedAnswer(`<${at.name.slice(0, 40)}> is closed by </${name.slice(0, 40)}>`);
            // Blanks between elements are layout.
            if (at.parts.length > 0) at.text = "";
            path.pop();
            at = path.at(-1) as Open;
        } else {
            const part = opened(name, attributes);
            at.parts.push(part);
            if (empty === "/") continue;
            if (path.push(part) > MAX_DEPTH) throw new MalformedAnswer(`its elements are nested more than ${MAX_DEPTH} deep`);
            at = part;
        }
    }
    if (path.length > 1) throw new MalformedAnswer(`it breaks off within <${at.name.slice(0, 40)}>`);
    const [root, other] = document.parts;
    if (root === undefined || other !== undefined || document.text.trim() !== "") throw new MalformedAnswer("it is no XML document");
    return root;
}
