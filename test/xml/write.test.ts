import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { element, formatXml, parseXml, type XmlElement, type XmlNode } from "../../provider/xml";

const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_][-.\w]{0,8}$/), fc.constantFrom("__proto__", "constructor", "snaptree:branch", "é"));
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

const { document } = fc.letrec<{ document: XmlElement }>((tie) => ({
    document: fc.record({
        name,
        attributes: fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
        children: fc.array(fc.oneof({ depthSize: "small", withCrossShrink: true }, text, comment, tie("document")), { maxLength: 5 }).map(settled),
    }),
}));

test("what is written is read back equal, whatever it holds", () => {
    fc.assert(
        fc.property(document, (doc) => expect(parseXml(formatXml(doc))).toEqual(doc)),
        { numRuns: 500 },
    );
});

test("writing what was read is stable", () => {
    fc.assert(fc.property(document, (doc) => expect(formatXml(parseXml(formatXml(doc)))).toBe(formatXml(doc))));
});

test("it looks as libvirt writes it", () => {
    const doc = element("domain", { type: "kvm" }, [
        element("name", {}, ['it\'s <a> & "b"']),
        element("metadata", {}, [{ comment: " ours " }, element("s:x", { "xmlns:s": "urn:s", note: "a\n\tb\rc" })]),
        element("description", {}, [" two\nlines\r "]),
        element("devices"),
    ]);
    expect(formatXml(doc)).toBe(`<domain type='kvm'>
  <name>it&apos;s &lt;a&gt; &amp; &quot;b&quot;</name>
  <metadata>
    <!-- ours -->
    <s:x xmlns:s='urn:s' note='a&#10;&#9;b&#13;c'/>
  </metadata>
  <description> two\nlines&#13; </description>
  <devices/>
</domain>
`);
});

test.each([
    ["a control character in text", element("a", {}, ["x\u0007"]), "the text of <a>"],
    ["a NUL in an attribute", element("a", { b: "x\0" }), 'the attribute "b" of <a>'],
    ["half a character", element("a", {}, [element("c", {}, ["x\udc00"])]), "the text of <c>"],
    ["a comment that would end itself", element("a", {}, [{ comment: "x--" }]), "a comment"],
])("%s is refused by where it stands, instead of written into a document that nobody can read", (_, doc, where) => {
    const write = (): string => formatXml(doc);
    expect(write).toThrow(InvalidInputError);
    expect(write).toThrow(`${where} can't be written`);
});
