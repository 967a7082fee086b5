import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { formatXml, parseXml } from "../../provider/xml";
import { document, spelled } from "./documents";

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
        const read = parseXml("<toString valueOf='v' toString='t' hasOwnProperty='h'><__defineGetter__/><valueOf/></toString>");
        expect(Object.entries(read.attributes)).toEqual([
            ["valueOf", "v"],
            ["toString", "t"],
            ["hasOwnProperty", "h"],
        ]);
        expect(read.children.map((node) => typeof node === "object" && "name" in node && node.name)).toEqual(["__defineGetter__", "valueOf"]);
        expect(parseXml("<a/>").attributes.constructor).toBeUndefined();
        expect(parseXml(formatXml(read))).toEqual(read);
    });

    test("a document of every kind of part, against its structure written by hand", () => {
        const text = `\ufeff<?xml version="1.0" encoding='UTF-8' standalone="no" ?>\r
<!-- before --><domain type = "kvm"\r
    id='7' ><name >a &amp; b</name ><d x='"&lt;>]]>' y="it's
on"></d><m> é\r\n€ <!-- & < -->&#x20AC;<![CDATA[]]]]><![CDATA[>&amp;<!DOCTYPE x>]]></m>
  <e:é\t/>
</domain ><!-- after -->
`;
        expect(parseXml(text)).toEqual({
            name: "domain",
            attributes: { type: "kvm", id: "7" },
            children: [
                { name: "name", attributes: {}, children: ["a & b"] },
                { name: "d", attributes: { x: '"<>]]>', y: "it's on" }, children: [] },
                { name: "m", attributes: {}, children: [" é\n€ ", { comment: " & < " }, "€]]>&amp;<!DOCTYPE x>"] },
                { name: "e:é", attributes: {}, children: [] },
            ],
        });
    });

    test("a document is read the same however it is spelled", () => {
        fc.assert(
            fc.property(document, fc.infiniteStream(fc.nat()), (doc, choices) => expect(parseXml(spelled(doc, choices))).toEqual(doc)),
            { numRuns: 500 },
        );
    });
});

describe("what is refused, each with its own reason", () => {
    test.each([
        ["nothing", "", "there is no element"],
        ["a comment alone", "<!-- x -->", "there is no element"],
        ["text alone", "domain", "text outside"],
        ["text after the root", "<a></a>x", "text outside"],
        ["text before the root", "x<a/>", "text outside"],
        ["text after an empty root", "<a/>x", "text outside"],
        ["text and a comment after an empty root", "<a/>x<!-- </a> -->", "text outside"],
        ["text like markup after an empty root", "<a/><!-- </a> --> />", "text outside"],
        ["an empty CDATA section before the root", "<![CDATA[]]><a/>", "text outside"],
        ["an empty element that ends too early", "<a b='c' /", "not closed"],
        ["CDATA after the root", "<a/><![CDATA[x]]>", "text outside"],
        ["two roots", "<a/>\n<b/>", "<b> stands beside <a>"],
        ["two roots that are not empty", "<a></a>\n<b>x</b>", "in line 2 an element stands beside the outermost one"],
        ["an unclosed root", "<a>", "in line 1 <a> is never closed"],
        ["several unclosed elements", "<a><b><c>", "never closed, at last <c>"],
        ["a mismatched tag", "<a>\n<b></a></b>", "in line 2 <b> is closed by </a>"],
        ["a stray closing tag", "</a>", "</a> closes nothing"],
        ["an empty closing tag", "<a><b></b/></b></a>", "not written as </name>"],
        ["a closing tag with an attribute", "<a><b></b c='1'/></b></a>", "not written as </name>"],
        ["an unclosed tag", "<a b='c'", "<a> is never closed"],
        ["an attribute without value", "<a b/>", "name='value'"],
        ["an attribute without quotes", "<a b=c/>", "name='value'"],
        ["attributes without a blank between", "<a b='1'c='2'/>", "name='value'"],
        ["an attribute with <", "<a b='<'/>", "name='value'"],
        ["an attribute twice", "<a b='1' b='2'/>", 'the attribute "b" twice'],
        ["an attribute twice for a reader that takes more for blanks", "<a b='1' b\ufeff='2'/>", "white space in a tag"],
        ["a no-break space in a tag", "<a>it's\u00a0<b\u00a0></b></a>", "white space in a tag"],
        ["an element __proto__", "<a><__proto__/></a>", '"__proto__"'],
        ["an attribute __proto__", "<a __proto__='1'/>", '"__proto__"'],
        ["an element constructor", "<constructor/>", '"constructor"'],
        ["an attribute prototype", "<a prototype='1'/>", '"prototype"'],
        ["a name that begins with a digit", "<1/>", "begins no tag"],
        ["a bare <", "<a>1 < 2</a>", "begins no tag"],
        ["a bare &", "<a>1 & 2</a>", "begins no character or entity"],
        ["an unknown entity", "<a>&nbsp;</a>", "begins no character or entity"],
        ["a reference to what XML forbids", "<a>&#0;</a>", "begins no character or entity"],
        ["a reference to half a character", "<a>&#xD800;</a>", "begins no character or entity"],
        ["a reference beyond Unicode", "<a b='&#x110000;'/>", "begins no character or entity"],
        ["]]> in text", "<a>]]></a>", "]]&gt;"],
        ["-- in a comment", "<a><!-- -- --></a>", "“--”"],
        ["--- at the end of a comment", "<a><!-- ---></a>", "“--”"],
        ["an unclosed comment after the root", "<a/><!-- ", "comment begins that is never closed"],
        ["an unclosed comment", "<a><!-- ", "comment begins that is never closed"],
        ["an unclosed CDATA section", "<a><![CDATA[ ", "CDATA section begins"],
        ["a NUL", "<a>\0</a>", "a character that XML forbids"],
        ["an escape character", "<a b='\u001b'/>", "a character that XML forbids"],
        ["half a character", "<a>\ud800</a>", "a character that XML forbids"],
        ["a processing instruction", "<a><?php x ?></a>", "processing instruction"],
        ["a declaration not at the beginning", "\n<?xml version='1.0'?><a/>", "processing instruction"],
        ["a declaration that is none", "<?xml version='1.0' x='?><a/>", "malformed XML declaration"],
    ])("%s", (_, text, reason) => {
        const message = refusal(text);
        expect(message).toMatch(/^the XML of web can't be read as XML: .+; .+/);
        expect(message).toContain(reason);
    });

    test.each([
        ["an entity bomb", `<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "${"&b;".repeat(1000)}">]><a>&c;</a>`],
        ["an external entity", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
        ["an external document type", '<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>'],
        ["a document type of many brackets", `<!DOCTYPE ${"<!".repeat(1e6)}`],
        ["a document type after a comment that names none", "<!-- <!DOCTYPE a> --><!DOCTYPE a><a/>"],
        ["a declaration in the middle", "<a><!ENTITY b 'c'></a>"],
    ])("%s", (_, text) => {
        expect(refusal(text)).toContain("DOCTYPE");
    });

    test("a message does not show what may be a password", () => {
        expect(refusal("<graphics passwd='se&cret;'/>")).not.toMatch(/se|cret/);
        const spellings = ["'secret'</g>", "'x'secret' a='b'/>", "secret/>", "'x' 'secret'/>", " secret/>", '"x" secret"y"/>', "'x' secret='y'secret='z'/>"];
        for (const value of spellings) expect(refusal(`<g passwd=${value}`)).not.toContain("secret");
        expect(refusal("<password>x<secret</password>")).not.toContain("secret");
        expect(refusal("secret<a/>")).not.toMatch(/'s'|secret/);
    });

    test("a message shows no more of a document than it needs", () => {
        for (const text of [
            `<${"a".repeat(1e6)}`,
            `<a>&${"b".repeat(1e6)};</a>`,
            `<${"b".repeat(1e6)}/><c/>`,
            "<a>".repeat(1e5),
            `<a ${"b".repeat(1e6)}='' />`.replace("/", "<"),
        ])
            expect(refusal(text).length).toBeLessThan(300);
    });
});

// An algorithm that is not linear would not end here: these have a hundred times what it takes to hang one.
describe("hostile documents of the largest size are refused or read", () => {
    const size = 4 * 1024 * 1024 - 32;
    test.each([
        ["elements nested a million deep and never closed", () => "<a>".repeat(1e6), "never closed"],
        ["elements nested half a million deep", () => `${"<a>".repeat(5e5)}${"</a>".repeat(5e5)}`, "128 deep"],
        ["nested 129 deep", () => `${"<a>".repeat(129)}${"</a>".repeat(129)}`, "128 deep"],
        ["more than 4 MiB", () => `<a>${"x".repeat(5 * 1024 * 1024)}</a>`, "4 MiB"],
        ["a tag of blanks", () => `<a b${" ".repeat(size)}`, "not closed"],
        ["a name without end", () => `<${"a".repeat(size)}`, "never closed"],
        ["tags that never end", () => "<a ".repeat(size / 3), "not closed"],
        ["ampersands", () => `<a>${"&".repeat(size)}</a>`, "begins no character or entity"],
        ["a number without end", () => `<a>&#${"1".repeat(size)}</a>`, "begins no character or entity"],
        ["a value without end", () => `<a b='${"x".repeat(size)}`, "not closed"],
        ["quotes", () => `<a ${"='\"".repeat(size / 3)}/>`, "not closed"],
        ["comments in comments", () => `<a>${"<!--".repeat(size / 4)}`, "comment begins that is never closed"],
        ["CDATA in CDATA", () => `<a>${"<![CDATA[".repeat(size / 9)}`, "CDATA section begins"],
        ["closing tags", () => `<a>${"</a".repeat(size / 3)}`, "not written as </name>"],
        ["blanks that are none, and quotes", () => `<a>${"\u00a0'\"".repeat(size / 3)}`, "never closed"],
        ["a million lines before the fault", () => `${"\n".repeat(1e6)}<`, "line 1000001"],
    ])("%s", (_, make, reason) => {
        expect(refusal(make())).toContain(reason);
    });

    test.each([
        ["empty elements", () => `<a>${"<b/>".repeat(size / 4)}</a>`],
        ["one text", () => `<a>${"x".repeat(size)}</a>`],
        ["references", () => `<a>${"&#10;".repeat(size / 5)}</a>`],
        ["attributes of one name", () => `<a>${"<b c=''/>".repeat(size / 9)}</a>`],
    ])("4 MiB of %s are read", (_, make) => {
        expect(parseXml(make()).name).toBe("a");
    });

    test("a hundred thousand attributes, references and elements are read", () => {
        const attributes = Array.from({ length: 1e5 }, (_, i) => ` a${i}='&lt;'`).join("");
        expect(parseXml(`<a${attributes}>${"<b/>".repeat(1e5)}</a>`).children).toHaveLength(1e5);
    });

    test("128 deep is read and written", () => {
        const deep = parseXml(`${"<a>".repeat(128)}x${"</a>".repeat(128)}`);
        expect(parseXml(formatXml(deep))).toEqual(deep);
    });
});
