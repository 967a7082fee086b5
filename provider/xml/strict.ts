import { XMLValidator } from "fast-xml-parser";
import { isXmlText } from "./characters";

/** Ends the reading: what is wrong, and the remedy. */
export type Refuse = (why: string, remedy: string) => never;

/** Characters. libvirt hands over no more bytes than that (REMOTE_STRING_MAX); such a document takes less than a second, the worst one a few. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** The text is decoded already, so what it says of its encoding is not looked at. */
const DECLARATION =
    /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])1\.[0-9]+\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])[A-Za-z][-.\w]*\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(?:yes|no)\3)?[ \t\r\n]*\?>/;

/** What the library passes over: first what is legal (comments, CDATA, references), then what is not. Nothing is looked at twice. */
const MARKUP =
    /<!--([^]*?)-->|<!\[CDATA\[[^]*?\]\]>|&(?:lt|gt|amp|apos|quot|#([0-9]{1,10}|x[0-9a-fA-F]{1,8}));|<!--|<!\[CDATA\[|<[!?]|<\/(?![^\s<>/"'=]+[ \t\r\n]*>)|&/g;

const CLOSE = "close it, or pass the whole document";
export const OUTSIDE = "there is text outside of the outermost element";

/** How to say what the library says, and the remedy. Only names are repeated: anything else that it quotes may be a password. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
    [/^Expected closing tag '([^']*)'[^]* instead of closing tag '([^']*)'/, "<$1> is closed by </$2>", "close each element by its own name"],
    [/^Closing tag '([^']*)' has not been opened/, "</$1> closes nothing", "remove it, or pass the whole document"],
    [/^Unclosed tag '([^']*)'/, "<$1> is never closed", CLOSE],
    // Of several it gives all names, the innermost last.
    [/^Invalid '\[[^]*"([^"]*)"\]' found/, "elements are opened that are never closed, at last <$1>", CLOSE],
    [/^Attribute '([^']*)' is repeated/, 'a tag has the attribute "$1" twice', "remove one"],
    [/^(?:Attribute|boolean attribute)/, "a tag is not closed, or has an attribute not written as name='value'", "correct it there"],
    [/^(?:Closing tag|Tag|Invalid space)/, "there is a “<” that begins no tag", "write it as &lt;, or correct the tag"],
    [/^Multiple/, "an element stands beside the outermost one", "pass one document with one outermost element"],
    [/^Start tag/, "there is no element in it", "pass a whole document"],
    [/^(?:char|Extra text)/, OUTSIDE, "remove it"],
];

/** A name for a message, with its length bounded. */
export function clipped(name: string): string {
    return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}

/** The character that a reference's number (`10`, `xA`) stands for; empty where XML forbids it. */
export function referenced(number: string): string {
    const code = Number(number.replace("x", "0x"));
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : "";
    return isXmlText(character) ? character : "";
}

function faultOf(markup: string, comment: string | undefined, number: string | undefined): readonly [string, string] | null {
    if (comment !== undefined) return /--|-$/.test(comment) ? ["“--” stands within a comment", "remove it"] : null;
    if (markup.endsWith("]]>") || (markup.endsWith(";") && (number === undefined || referenced(number)))) return null;
    // What stands there is not shown: it may be part of a password.
    if (markup.startsWith("&")) return ["there is a “&” that begins no character or entity that XML knows", "write it as &amp;"];
    if (markup === "<!--") return ["a comment begins that is never closed", CLOSE];
    if (markup === "<![CDATA[") return ["a CDATA section begins that is never closed", CLOSE];
    if (markup === "<!") return ["there is a declaration (DOCTYPE, ENTITY), which could bring in or multiply text", "remove it"];
    if (markup === "<?") return ["there is a processing instruction (<?…?>) or a malformed XML declaration", "remove it"];
    return ["there is a closing tag that is not written as </name>", "correct it there"];
}

function checkMarkup(text: string, refuse: Refuse): void {
    MARKUP.lastIndex = DECLARATION.exec(text)?.[0].length ?? 0;
    for (let found = MARKUP.exec(text); found; found = MARKUP.exec(text)) {
        const fault = faultOf(found[0], found[1], found[2]);
        if (fault) refuse(`in line ${text.slice(0, found.index).split("\n").length} ${fault[0]}`, fault[1]);
    }
}

/** JavaScript's white space is more than XML's. The library would take such a character for the end of a name. */
function checkBlanks(text: string, refuse: Refuse): void {
    if (!/[^\S \t\r\n]/.test(text)) return;
    const tags = text.replace(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|"[^"<]*"|'[^'<]*'/g, "");
    if (/<[^<>]*[^\S \t\r\n]/.test(tags)) refuse("there is white space in a tag that is none in XML, such as a no-break space", "write a blank");
}

function checkTags(text: string, refuse: Refuse): void {
    const result = XMLValidator.validate(text);
    if (result === true) return;
    const { msg, line } = result.err;
    const [said, why, remedy] = REASONS.find(([pattern]) => pattern.test(msg)) ?? [/$/, "something is malformed", "correct it there"];
    const names = said.exec(msg) ?? [];
    refuse(`in line ${line} ${why.replace(/\$(\d)/g, (_, group: string) => clipped(names[Number(group)] ?? ""))}`, remedy);
}

/** Refuses what is no XML, or could do harm: first what the library would take as it comes, then what it finds itself. */
export function checkXml(text: string, refuse: Refuse): void {
    if (text.length > MAX_LENGTH) refuse(`it is longer than ${MAX_LENGTH / 1024 / 1024} MiB`, "pass a shorter document");
    if (!isXmlText(text)) refuse("it has a character that XML forbids, such as a control character", "remove that");
    checkMarkup(text, refuse);
    checkBlanks(text, refuse);
    checkTags(text, refuse);
}
