import { UNKNOWN } from "../../provider/resources/unknown";
import { host, resourceWithoutHosts } from "./double";

const resource = resourceWithoutHosts();
const good = { host, domain: "web", name: "base" };
const reasons = (news: Record<string, unknown>): Record<string, string> =>
    Object.fromEntries(resource.check({ ...good, ...news }).failures.map(({ property, reason }) => [property, reason]));

beforeEach(() => {
    delete process.env.SNAPTREE_HOST;
});

describe("defaults", () => {
    test("a snapshot needs a host, a domain and a name, and keeps its children when it is deleted", () => {
        expect(resource.check(good)).toEqual({ inputs: { ...good, onDelete: "keepChildren" }, failures: [] });
    });

    test("a redefined snapshot is only forgotten", () => {
        expect(resource.check({ ...good, redefine: true }).inputs.onDelete).toBe("metadata");
        expect(resource.check({ ...good, redefine: true, onDelete: "subtree" }).inputs.onDelete).toBe("subtree");
    });

    test("SNAPTREE_HOST is the host unless the program names one", () => {
        process.env.SNAPTREE_HOST = "test:///default";
        expect(resource.check({ domain: "web", name: "a" }).inputs.host).toBe("test:///default");
        expect(resource.check(good).inputs.host).toBe(host);
    });

    test("the name is the resource's own where the face knows it", () => {
        expect(resource.check({ host, domain: "web" }, "base")).toEqual({ inputs: { ...good, onDelete: "keepChildren" }, failures: [] });
        expect(resource.check({ host, domain: "web" }).failures[0]?.reason).toContain("name is missing");
    });

    test("what Pulumi adds for itself and what other languages send as null is no input", () => {
        const news = { ...good, __provider: "code", __defaults: [], description: null, provision: [{ command: ["true"], cwd: null }] };
        expect(resource.check(news)).toEqual({ inputs: { ...good, provision: [{ command: ["true"] }], onDelete: "keepChildren" }, failures: [] });
    });
});

describe("every mistake is reported at once, by its path in the program, with what was expected, what was given and what to do", () => {
    const cases: [news: Record<string, unknown>, property: string, reason: string][] = [
        [{ domain: 5 }, "domain", "InvalidInputError: domain takes text, but is 5; correct it or leave it out"],
        [{ domain: undefined }, "domain", "InvalidInputError: domain is missing; it takes text"],
        [{ halt: "yes" }, "halt", 'InvalidInputError: halt takes true or false, but is "yes"; correct it or leave it out'],
        [{ mode: "both" }, "mode", 'InvalidInputError: mode takes "internal" or "external", but is "both"; correct it or leave it out'],
        [{ memoryFile: "" }, "memoryFile", "InvalidInputError: memoryFile takes text that is not empty, but is empty; correct it or leave it out"],
        [
            { disks: { vda: { file: 3 } } },
            "disks.vda.file",
            "InvalidInputError: disks.vda.file takes text that is not empty, but is 3; correct it or leave it out",
        ],
        [
            { disks: { "sd a/~": { snapshot: "yes" } } },
            'disks["sd a/~"].snapshot',
            'InvalidInputError: disks["sd a/~"].snapshot takes "internal", "external" or "no", but is "yes"; correct it or leave it out',
        ],
        [{ provision: [{}] }, "provision[0].command", "InvalidInputError: provision[0].command is missing; it takes a list of texts that is not empty"],
        [
            { provision: [{ command: ["a"] }, { command: [] }] },
            "provision[1].command",
            'InvalidInputError: provision[1].command takes a list of texts that is not empty, but is an empty list; write the program and each argument as an item of its own, for example ["sh", "-c", "…"]',
        ],
        [
            { provision: [{ command: ["a"], timeout: 0 }] },
            "provision[0].timeout",
            "InvalidInputError: provision[0].timeout takes a number above 0, but is 0; give it in seconds",
        ],
        [{ force: "all" }, "force", 'InvalidInputError: force takes true or false, or a list of texts, but is "all"; correct it or leave it out'],
        [{ force: [1] }, "force", "InvalidInputError: force takes true or false, or a list of texts, but is a list; correct it or leave it out"],
        [
            { redefine: true, creationTime: 1.5 },
            "creationTime",
            "InvalidInputError: creationTime takes a whole number of at least 0, but is 1.5; give whole seconds since 1970",
        ],
        [{ disk_only: true }, "disk_only", "InvalidInputError: disk_only is not known; did you mean “diskOnly”?"],
        [{ descripton: "x" }, "descripton", "InvalidInputError: descripton is not known; did you mean “description”?"],
        [{ colour: "red" }, "colour", "InvalidInputError: colour is not known; remove it"],
        [
            { provision: [{ command: ["a"], shell: true }] },
            "provision[0].shell",
            "InvalidInputError: provision[0].shell is not known; known are command, env, timeout, cwd",
        ],
        [{ parent: "" }, "parent", "InvalidInputError: parent takes text that is not empty, but is empty; correct it or leave it out"],
    ];
    test.each(cases)("%j", (news, property, reason) => {
        expect(reasons(news)).toEqual({ [property]: reason });
    });

    test("all of them together", () => {
        const wrong = { domain: 5, halt: "yes", colour: "red", provision: [{ command: [1], timeout: -1 }], current: true };
        expect(Object.keys(reasons(wrong)).sort()).toEqual(["colour", "current", "domain", "halt", "provision[0].command[0]", "provision[0].timeout"]);
    });
});

describe("hosts", () => {
    test("without a host and SNAPTREE_HOST the message says what to set", () => {
        expect(reasons({ host: undefined }).host).toBe(
            "InvalidInputError: host is missing; set it (for example to qemu:///embed?root=/srv/vms) or the environment variable SNAPTREE_HOST",
        );
    });

    test.each(["esx://root:hunter2@esx/", "qemu+ssh://root:hunter2@h/system", "vpx://a:hunter2@x@vc/dc", "esx://root:hunter/2@esx/"])(
        "a password in %s is refused and not repeated",
        (uri) => {
            const { host: reason = "" } = reasons({ host: uri });
            expect(reason).toContain("has a password in it");
            expect(reason).not.toContain("hunter");
        },
    );

    test.each([
        "qemu:///system",
        "qemu+ssh://root@h:22/system",
        "qemu+ssh://h:22/system?socket=/run/a@b",
        "qemu+ssh://root@[::1]:22/system",
        "test+unix:///default?socket=/a:b@c",
        "vbox:///session",
    ])("%s is a host", (uri) => {
        expect(reasons({ host: uri })).toEqual({});
    });

    test("what is no URI is refused without being repeated", () => {
        expect(reasons({ host: "root:hunter2" }).host).toMatch(/^InvalidInputError: host is no URI; write it as libvirt does/);
        expect(reasons({ host: "qemu:///system\n" }).host).toContain("no URI");
        expect(reasons({ host: "root:hunter2" }).host).not.toContain("hunter2");
    });
});

describe("names", () => {
    test.each(["a/b", ".a", "-a", "", "a\u0007", "é".repeat(128), "\ud800", "auto-x", "leave-x", "snaptree-tip-x"])(
        "%j can't be given to a snapshot",
        (name) => {
            expect(Object.keys(reasons({ name }))).toEqual(["name"]);
        },
    );

    test("a reserved name can be redefined: it may have been exported from elsewhere", () => {
        expect(reasons({ name: "auto-base-1", redefine: true })).toEqual({});
    });

    test("a parent may have any name that a host holds", () => {
        expect(reasons({ parent: "auto-base-1" })).toEqual({});
        expect(reasons({ parent: ".hidden/it" })).toEqual({});
    });
});

describe("flags that exclude each other", () => {
    const cases: [news: Record<string, unknown>, property: string, wording: RegExp][] = [
        [{ current: true }, "current", /^FlagConflictError: use of current flag requires redefine flag$/],
        [{ redefine: true, noMetadata: true }, "noMetadata", /^FlagConflictError: redefine and no metadata flags are mutually exclusive$/],
        [{ redefine: true, halt: true }, "halt", /^FlagConflictError: redefine and halt flags are mutually exclusive$/],
        [{ redefine: true, live: true }, "live", /are mutually exclusive$/],
        [{ redefine: true, provision: [{ command: ["true"] }] }, "provision", /are mutually exclusive$/],
        [{ diskOnly: true, memoryFile: "/m" }, "memoryFile", /are mutually exclusive$/],
        [{ quiesce: true }, "quiesce", /^FlagConflictError: quiesce requires disk-only/],
        [{ xml: "<domainsnapshot/>" }, "xml", /^FlagConflictError: use of xml flag requires redefine flag$/],
        [{ creationTime: 1 }, "creationTime", /requires redefine flag$/],
        [{ state: "shutoff" }, "state", /requires redefine flag$/],
    ];
    test.each(cases)("%j", (news, property, wording) => {
        const found = reasons(news);
        expect(Object.keys(found)).toEqual([property]);
        expect(found[property]).toMatch(wording);
    });

    test.each([
        { redefine: true, current: true, xml: "<domainsnapshot/>", creationTime: 0, state: "shutoff" },
        { redefine: false, noMetadata: true },
        { redefine: true, halt: false, provision: [] },
        { quiesce: true, diskOnly: true },
        { quiesce: true, host: "esx://esx/" },
    ])("%j agree", (news) => {
        expect(reasons(news)).toEqual({});
    });
});

describe("values that are not known yet", () => {
    test.each(Object.keys(resource.check({}).inputs).concat("domain", "name", "parent", "provision", "disks", "force", "halt", "mode", "redefine", "triggers"))(
        "%s may be unknown",
        (name) => {
            expect(reasons({ [name]: UNKNOWN })).toEqual({});
        },
    );

    test("so may what is inside them, and they stay unknown", () => {
        const provision = [{ command: ["sh", UNKNOWN], env: { TOKEN: UNKNOWN }, timeout: UNKNOWN }, { command: UNKNOWN }, UNKNOWN];
        const news = { ...good, provision, disks: { vda: { file: UNKNOWN, snapshot: UNKNOWN }, vdb: UNKNOWN }, force: [UNKNOWN], triggers: [[UNKNOWN]] };
        expect(resource.check(news)).toEqual({ inputs: { ...news, onDelete: "keepChildren" }, failures: [] });
    });

    test("unknown flags exclude nothing yet", () => {
        expect(reasons({ redefine: UNKNOWN, current: true, noMetadata: true, xml: "x" })).toEqual({});
        expect(reasons({ current: UNKNOWN, xml: UNKNOWN })).toEqual({});
    });

    test("beside them mistakes are still found", () => {
        expect(Object.keys(reasons({ domain: UNKNOWN, halt: "yes" }))).toEqual(["halt"]);
    });
});

describe("hostile inputs", () => {
    const secret = "hunter2";
    test.each<[string, Record<string, unknown>]>([
        ["a password of the wrong type", { password: [secret] }],
        ["a number as password", { password: 4711 }],
        ["env as text", { provision: [{ command: ["a"], env: `TOKEN=${secret}` }] }],
        ["an env value of the wrong type", { provision: [{ command: ["a"], env: { TOKEN: { value: secret } } }] }],
        ["a command line as text", { provision: [{ command: `curl -u root:${secret}` }] }],
        ["an argument of the wrong type", { provision: [{ command: ["curl", [secret]] }] }],
        ["an unknown property", { passwd: secret }],
        ["a document of the wrong type", { redefine: true, xml: { passwd: secret } }],
    ])("%s is refused without its value", (_, news) => {
        const { failures } = resource.check({ ...good, ...news });
        expect(failures).toHaveLength(1);
        expect(JSON.stringify(failures)).not.toMatch(/hunter2|4711/);
    });

    test("keys that mean something to JavaScript are data", () => {
        const disks = JSON.parse('{"__proto__": {"file": 1}, "constructor": {"file": 2}, "toString": {"snapshot": "no"}}') as unknown;
        expect(Object.keys(reasons({ disks })).sort()).toEqual(["disks.__proto__.file", "disks.constructor.file"]);
        expect(Object.keys(reasons(JSON.parse('{"constructor": 1, "hasOwnProperty": 2}') as Record<string, unknown>))).toEqual([
            "constructor",
            "hasOwnProperty",
        ]);
        expect(({} as { file?: unknown }).file).toBeUndefined();
    });

    test("long and strange values don't make long and strange messages", () => {
        const found = reasons({ mode: "x".repeat(100_000), [`a\n${"b".repeat(500)}`]: 1 });
        expect(Object.values(found).every((reason) => reason.length < 400 && !reason.includes("\n"))).toBe(true);
    });
});
