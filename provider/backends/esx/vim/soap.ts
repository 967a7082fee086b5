import { element, formatXml, type XmlElement } from "../../../xml";
import { parseAnswer } from "./answer";
import { MalformedAnswer, NOTHING, partOf, type Part, type Ref } from "./part";

/*
 * SOAP 1.1 as vSphere speaks it. Typed values are found by the prefixes `xsi:` and `xsd:`, literally: with others a host may drop a value without a word.
 */

/** What stands in a call: text, or elements; absent where it is undefined. */
export type Argument = string | number | boolean | Ref | XmlElement | readonly Argument[] | undefined;

/** Arguments in the order that the API declares. */
export type Arguments = readonly (readonly [name: string, value: Argument])[];

const NAMESPACES = {
    "xmlns:soapenv": "http://schemas.xmlsoap.org/soap/envelope/",
    "xmlns:xsd": "http://www.w3.org/2001/XMLSchema",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
};

function isRef(value: Ref | XmlElement): value is Ref {
    return "id" in value;
}

function elementsOf(name: string, value: Argument): XmlElement[] {
    if (value === undefined) return [];
    if (typeof value !== "object") return [element(name, {}, value === "" ? [] : [String(value)])];
    if (!("name" in value) && !("id" in value)) return value.flatMap((each) => elementsOf(name, each));
    return [isRef(value) ? element(name, { type: value.type }, [value.id]) : { ...value, name }];
}

/** A value made of others; its name is given where it stands. @param kind its type, where the one that is declared has several kinds */
export function struct(fields: Arguments, kind?: string): XmlElement {
    const children = fields.flatMap(([name, value]) => elementsOf(name, value));
    return element("", kind === undefined ? {} : { "xsi:type": kind }, children);
}

/** A text where any type may stand. */
export function anyText(text: string): XmlElement {
    return element("", { "xsi:type": "xsd:string" }, text === "" ? [] : [text]);
}

/**
 * A call as it is sent.
 *
 * @throws InvalidInputError for text that XML can't hold.
 * @example envelope("PowerOnVM_Task", { type: "VirtualMachine", id: "vm-42" }, [])
 */
export function envelope(method: string, self: Ref, args: Arguments): string {
    const body = element(method, { xmlns: "urn:vim25" }, struct([["_this", self], ...args]).children);
    return `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml(element("soapenv:Envelope", NAMESPACES, [element("soapenv:Body", {}, [body])]))}`;
}

/**
 * What stands in an answer's body: `<METHODResponse>`, or `<Fault>`.
 *
 * @throws MalformedAnswer where it is no SOAP.
 */
export function bodyOf(text: string): Part {
    const envelope = parseAnswer(text);
    const body = partOf(envelope, "Body");
    if (envelope.name !== "Envelope" || body === null) throw new MalformedAnswer(`it is no SOAP: it begins with <${envelope.name.slice(0, 40)}>`);
    return body.parts[0] ?? NOTHING;
}
