import fc from "fast-check";
import { InvalidInputError } from "../../provider/model";
import { formatSnapshotId, parseSnapshotId } from "../../provider/resources/identity";

test("an id reads well and is what an import is given", () => {
    expect(formatSnapshotId({ host: "qemu:///embed?root=/srv/vms", domain: "web", name: "base" })).toBe("qemu:///embed?root=/srv/vms#web/base");
});

test("whatever host, domain and name are, an id gives them back", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    fc.assert(
        fc.property(fc.record({ host: text, domain: text, name: text }), (address) => {
            expect(parseSnapshotId(formatSnapshotId(address))).toEqual(address);
        }),
    );
});

test("two snapshots never share an id", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "/", "#", "%", "2", "F"), minLength: 1, maxLength: 4 });
    const address = fc.record({ host: part, domain: part, name: part });
    fc.assert(fc.property(address, address, (a, b) => (formatSnapshotId(a) === formatSnapshotId(b)) === (JSON.stringify(a) === JSON.stringify(b))));
});

test.each(["", "web/base", "#web/base", "qemu:///x#web", "qemu:///x#web/", "qemu:///x#/base", "qemu:///x#a/b/c", "qemu:///x#web/%zz"])(
    "%j is no id, and the error says how one is written",
    (id) => {
        expect(() => parseSnapshotId(id)).toThrow(InvalidInputError);
        expect(() => parseSnapshotId(id)).toThrow(/HOST#DOMAIN\/NAME/);
    },
);

test("an error does not repeat an id: a password may be in it", () => {
    expect(() => parseSnapshotId("esx://root:hunter2@esx#web")).toThrow(/^((?!hunter2)[^])*$/);
});
