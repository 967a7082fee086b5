import { XMLParser } from "fast-xml-parser";
import { InvalidInputError } from "../../provider/model";
import { formatXml, parseXml, textOf } from "../../provider/xml";
import { elapsed } from "./support";

function refusal(text: string): string {
    try {
        parseXml(text, "the XML of web");
    } catch (error) {
        expect(error).toBeInstanceOf(InvalidInputError);
        return (error as Error).message;
    }
    throw new Error("it was taken");
}

describe("what is read", () => {
    test("names, prefixes, attributes and comments stay as written", () => {
        const read = parseXml("<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by virsh -->\n<q:a xmlns:q=\"urn:q\" b='1'>\n  <!--c-->\n  <q:d/>\n</q:a>\n");
        expect(read).toEqual({
            name: "q:a",
            attributes: { "xmlns:q": "urn:q", b: "1" },
            children: [{ comment: "c" }, { name: "q:d", attributes: {}, children: [] }],
        });
    });

    test("white space between elements is layout; in text it is content", () => {
        expect(parseXml("<a>\n  <b> two\nlines </b>\n  <c>  </c>\n</a>").children).toEqual([
            { name: "b", attributes: {}, children: [" two\nlines "] },
            { name: "c", attributes: {}, children: ["  "] },
        ]);
        expect(parseXml("<p>one <b/> <i/></p>").children).toHaveLength(4);
    });

    test("line ends become \\n, and in an attribute a blank; references to them stay what they are", () => {
        expect(parseXml("<a b='1\r\n2\t3&#13;&#10;4'>x\r\ny&#13;</a>")).toEqual({ name: "a", attributes: { b: "1 2 3\r\n4" }, children: ["x\ny\r"] });
    });

    test("references are decoded once and only once", () => {
        expect(parseXml("<a b='&amp;lt;'>&amp;amp; &#38;lt; &lt;&gt;&apos;&quot; &#x1F600;&#8364;</a>")).toEqual({
            name: "a",
            attributes: { b: "&lt;" },
            children: ["&amp; &lt; <>'\" 😀€"],
        });
    });

    test("CDATA becomes text, as it stands", () => {
        expect(parseXml("<a>1 &lt; <![CDATA[<b>&amp;]]></a>").children).toEqual(["1 < <b>&amp;"]);
    });

    test("names that JavaScript gives a meaning to mean nothing", () => {
        const read = parseXml("<__proto__ __proto__='p' constructor='c' toString='t'><constructor/><prototype/></__proto__>");
        expect(Object.entries(read.attributes)).toEqual([
            ["__proto__", "p"],
            ["constructor", "c"],
            ["toString", "t"],
        ]);
        expect(parseXml("<a/>").attributes.constructor).toBeUndefined();
        expect(({} as Record<string, unknown>).p).toBeUndefined();
        expect(parseXml(formatXml(read))).toEqual(read);
    });

    test("another parser reads the same", () => {
        const text = "<domain type='kvm'><name>a &amp; b</name><d x='1' y='&lt;'/><m> é\n€ </m></domain>";
        const other = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: "", parseTagValue: false, trimValues: false });
        expect(other.parse(text)).toEqual([
            { domain: [{ name: [{ "#text": "a & b" }] }, { d: [], ":@": { x: "1", y: "<" } }, { m: [{ "#text": " é\n€ " }] }], ":@": { type: "kvm" } },
        ]);
        expect(textOf(parseXml(text), "name")).toBe("a & b");
        expect(textOf(parseXml(text), "m")).toBe(" é\n€ ");
    });
});

describe("what is refused, each with its own reason", () => {
    test.each([
        ["nothing", "", "there is no element"],
        ["a comment alone", "<!-- x -->", "there is no element"],
        ["text alone", "domain", "text outside"],
        ["text after the root", "<a/>x", "text outside"],
        ["CDATA after the root", "<a/><![CDATA[x]]>", "text outside"],
        ["two roots", "<a/>\n<b/>", "in line 2 <b> stands beside <a>"],
        ["an unclosed root", "<a>", "<a> is never closed"],
        ["a mismatched tag", "<a>\n<b></a></b>", "in line 2 <b> is closed by </a>"],
        ["a stray closing tag", "</a>", "</a> closes nothing"],
        ["an unclosed tag", "<a b='c'", "<a> is not closed"],
        ["an attribute without value", "<a b/>", "name='value'"],
        ["an attribute without quotes", "<a b=c/>", "name='value'"],
        ["attributes without a blank between", "<a b='1'c='2'/>", "name='value'"],
        ["an attribute with <", "<a b='<'/>", "name='value'"],
        ["an attribute twice", "<a b='1' b='2'/>", 'the attribute "b" twice'],
        ["__proto__ twice", "<a __proto__='1' __proto__='2'/>", 'the attribute "__proto__" twice'],
        ["a name that begins with a digit", "<1/>", "begins no tag"],
        ["a bare <", "<a>1 < 2</a>", "begins no tag"],
        ["a bare &", "<a>1 & 2</a>", "begins no character or entity"],
        ["an unknown entity", "<a>&nbsp;</a>", "begins no character or entity"],
        ["a reference to what XML forbids", "<a>&#0;</a>", "begins no character or entity"],
        ["a reference to half a character", "<a>&#xD800;</a>", "begins no character or entity"],
        ["a reference beyond Unicode", "<a b='&#x110000;'/>", "begins no character or entity"],
        ["]]> in text", "<a>]]></a>", "]]&gt;"],
        ["-- in a comment", "<a><!-- -- --></a>", "“--”"],
        ["an unclosed comment", "<a><!-- ", "comment begins that is never closed"],
        ["an unclosed CDATA section", "<a><![CDATA[ ", "CDATA section begins"],
        ["a NUL", "<a>\0</a>", "a character that XML forbids"],
        ["an escape character", "<a b='\u001b'/>", "a character that XML forbids"],
        ["half a character", "<a>\ud800</a>", "a character that XML forbids"],
        ["a processing instruction", "<a><?php x ?></a>", "processing instruction"],
        ["a declaration not at the beginning", "\n<?xml version='1.0'?><a/>", "processing instruction"],
    ])("%s", (_, text, reason) => {
        const message = refusal(text);
        expect(message).toMatch(/^the XML of web can't be read as XML: .+; .+/);
        expect(message).toContain(reason);
    });

    test.each([
        ["an entity bomb", `<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "${"&b;".repeat(1000)}">]><a>&c;</a>`],
        ["an external entity", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
        ["an external document type", '<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>'],
        ["a declaration in the middle", "<a><!ENTITY b 'c'></a>"],
    ])("%s", (_, text) => {
        expect(refusal(text)).toContain("DOCTYPE");
    });

    test("a message does not show what may be a password", () => {
        expect(refusal("<graphics passwd='se&cret;'/>")).not.toMatch(/se|cret/);
        expect(refusal("<graphics passwd='secret'</graphics>")).not.toContain("secret");
    });

    test("a message shows no more of a document than it needs", () => {
        for (const text of [`<${"a".repeat(1e6)}`, `<a>&${"b".repeat(1e6)};</a>`, `<a><${"b".repeat(1e6)}/></a><c/>`])
            expect(refusal(text).length).toBeLessThan(300);
    });
});

describe("hostile documents are refused or read quickly", () => {
    const size = 16 * 1024 * 1024 - 32;
    test.each([
        ["elements nested a million deep", () => "<a>".repeat(1e6), "128 deep"],
        ["nested 129 deep", () => `${"<a>".repeat(129)}${"</a>".repeat(129)}`, "128 deep"],
        ["more than 16 MiB", () => `<a>${"x".repeat(17 * 1024 * 1024)}</a>`, "16 MiB"],
        ["a tag of blanks", () => `<a b${" ".repeat(size)}`, "not closed"],
        ["a name without end", () => `<${"a".repeat(size)}`, "not closed"],
        ["ampersands", () => `<a>${"&".repeat(size)}</a>`, "begins no character or entity"],
        ["a value without end", () => `<a b='${"x".repeat(size)}`, "not closed"],
        ["comments in comments", () => `<a>${"<!--".repeat(size / 4)}`, "“--”"],
        ["a million lines before the fault", () => `${"\n".repeat(1e6)}<`, "line 1000001"],
    ])("%s", (_, make, reason) => {
        const text = make();
        const ms = elapsed(() => expect(refusal(text)).toContain(reason));
        expect(ms).toBeLessThan(1000);
    });

    test("a hundred thousand attributes, references and elements are read", () => {
        const attributes = Array.from({ length: 1e5 }, (_, i) => ` a${i}='&lt;'`).join("");
        const ms = elapsed(() => expect(parseXml(`<a${attributes}>${"<b/>".repeat(1e5)}</a>`).children).toHaveLength(1e5));
        expect(ms).toBeLessThan(1000);
    });

    test("128 deep is read and written", () => {
        const deep = parseXml(`${"<a>".repeat(128)}x${"</a>".repeat(128)}`);
        expect(parseXml(formatXml(deep))).toEqual(deep);
    });
});
