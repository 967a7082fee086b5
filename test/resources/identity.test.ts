import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { formatId, parseDomainId, parseNamedId } from "../../provider/resources/identity";

test("an id reads well and is what an import is given", () => {
    expect(formatId({ host: "qemu:///embed?root=/srv/vms", domain: "web", name: "base" })).toBe("qemu:///embed?root=/srv/vms#web/base");
});

test("whatever host, domain and name are, an id gives them back", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    fc.assert(
        fc.property(fc.record({ host: text, domain: text, name: text }), (address) => {
            expect(parseNamedId(formatId(address))).toEqual(address);
            const { name: _, ...domain } = address;
            expect(parseDomainId(formatId(domain))).toEqual(domain);
        }),
    );
});

test("two snapshots never share an id", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "/", "#", "%", "2", "F"), minLength: 1, maxLength: 4 });
    const address = fc.record({ host: part, domain: part, name: part });
    fc.assert(fc.property(address, address, (a, b) => (formatId(a) === formatId(b)) === (JSON.stringify(a) === JSON.stringify(b))));
});

test.each(["", "web/base", "#web/base", "qemu:///x#web", "qemu:///x#web/", "qemu:///x#/base", "qemu:///x#a/b/c", "qemu:///x#web/%zz"])(
    "%j is no id, and the error says how one is written",
    (id) => {
        expect(() => parseNamedId(id)).toThrow(InvalidInputError);
        expect(() => parseNamedId(id)).toThrow(/HOST#DOMAIN\/NAME/);
    },
);

test.each(["", "web", "#web", "qemu:///x#", "qemu:///x#web/base", "qemu:///x#%zz"])(
    "%j is no id of a domain's tree, and the error says how one is written",
    (id) => {
        expect(() => parseDomainId(id)).toThrow(InvalidInputError);
        expect(() => parseDomainId(id)).toThrow(/HOST#DOMAIN with/);
    },
);

test("an error does not repeat an id: a password may be in it", () => {
    expect(() => parseNamedId("esx://root:hunter2@esx#web")).toThrow(/^((?!hunter2)[^])*$/);
    expect(() => parseDomainId("esx://root:hunter2@esx#web/base")).toThrow(/^((?!hunter2)[^])*$/);
});
