import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { element, formatXml, parseXml } from "../../provider/xml";
import { document } from "./documents";

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
