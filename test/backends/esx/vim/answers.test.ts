import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { HostError, UnreachableError } from "../../../../provider/model";
import { connectVim } from "../../../../provider/backends/esx/vim";
import { eventually } from "../../qemu/tools/support";
import { envelope, failure, fails, returns, serviceContent, StandIn, taskOf, taskRead, type Reply } from "./stand-in";

/*
 * Whatever listens there: one clear sentence, and neither waiting for ever nor following where it leads. Login is the first call that holds a secret.
 */

/** What connecting fails with where Login is answered so. */
async function loginFails(reply: Reply): Promise<Error> {
    await using host = await StandIn.start({ Login: () => reply });
    return await failure(connectVim(host.host));
}

/** A login whose answer is not what it should be. */
const body = (text: string): Reply => ({ body: text });

const whole = envelope("<LoginResponse xmlns='urn:vim25'><returnval/></LoginResponse>");

test.each<[string, Reply, RegExp]>([
    [
        "an HTML page",
        { type: "text/html", body: "<html><body>Welcome</body></html>" },
        /answers with text\/html where the vSphere API answers with XML; check host and port$/,
    ],
    ["an empty 200", body(""), /there is nothing in it; check host and port$/],
    ["blanks", body(" \n"), /there is nothing in it/],
    ["a truncated answer", body(whole.slice(0, -30)), /it breaks off/],
    ["one truncated within a tag", body(whole.slice(0, -3)), /it breaks off in the middle/],
    ["JSON under another flag", body('{"value":1}'), /it is no XML document/],
    ["another XML document", body("<rss/>"), /it is no SOAP: it begins with <rss>/],
    ["another method's answer", returns("Logout"), /answers Login otherwise than the vSphere API describes: it is <LogoutResponse>; check host and port$/],
    ["an empty body", body(envelope("")), /there is nothing in its body/],
    ["tags that cross", body(whole.replace("<returnval/>", "<a><b></a></b>")), /<b> is closed by <\/a>/],
    ["a closing tag that is more than one", body(whole.replace("<returnval/>", "<a></a/>")), /a “<” in it begins no tag/],
    ["a tag without a name", body(whole.replace("<returnval/>", "<>")), /a “<” in it begins no tag/],
    ["a processing instruction", body(whole.replace("<returnval/>", "<?php ?>")), /it has a processing instruction/],
    ["a document type", body(whole.replace("<soapenv:Envelope", '<!DOCTYPE x [<!ENTITY a "b">]><soapenv:Envelope')), /declaration \(DOCTYPE, ENTITY\)/],
    ["an entity of its own", body(whole.replace("<returnval/>", "<a>&lol;</a>")), /a “&” that begins no character or entity/],
    ["a forbidden character", body(whole.replace("<returnval/>", "<a>\u0000</a>")), /a character that XML forbids/],
    ["a forbidden character as a reference", body(whole.replace("<returnval/>", "<a>&#0;</a>")), /a “&” that begins no character/],
    ["deep nesting", body(whole.replace("<returnval/>", "<a>".repeat(100_000))), /nested more than 1024 deep/],
    ["an error that says nothing", { status: 500, body: envelope("<LoginResponse/>") }, /HTTP 500/],
    ["no such page", { status: 404, type: "text/html", body: "<h1>404</h1>" }, /answers HTTP 404; there is no vSphere API there: check host and port$/],
    ["a service that is not up", { status: 503, type: "text/plain", body: "503 Service Unavailable" }, /HTTP 503; its services are not up: wait/],
    ["a proxy's login", { status: 407, type: "text/plain", body: "no" }, /HTTP 407; something in between asks for a login/],
])("%s is refused with what to do", async (_, reply, message) => {
    const error = await loginFails(reply);
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^vpx:\/\/ann@vc\/ /);
    expect(error.message.length).toBeLessThan(400);
});

test.each([301, 302, 307, 308])("a redirect (HTTP %i) to another host is not followed: that one never hears of us", async (status) => {
    await using other = await StandIn.start();
    const error = await loginFails({ status, headers: { location: other.host.url }, body: "" });
    expect(error.message).toMatch(/sends us elsewhere \(HTTP 30\d\), where Snaptree does not go with a password/);
    expect(other.calls).toEqual([]);
});

test("an answer without end is cut off", async () => {
    const piece = "<a>x</a>".repeat(128 * 1024);
    const error = await loginFails((response) => {
        response.writeHead(200, { "content-type": "text/xml" });
        const more = (): void => {
            while (!response.destroyed) if (!response.write(piece)) return void response.once("drain", more);
        };
        more();
    });
    expect(error.message).toMatch(/answers with more than 32 MiB; check that it is a vSphere host/);
});

test("one that never answers is given up", async () => {
    await using host = await StandIn.start({ Login: () => () => undefined });
    const error = await failure(connectVim(host.host, { call: 50 }));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(/did not answer within 0.05 seconds/);
});

test("values that are not of their type end in a clear error, and not in a guess", async () => {
    const machine = (state: string) =>
        returns(
            "RetrievePropertiesEx",
            `<returnval><objects><obj type="VirtualMachine">vm-1</obj><propSet><name>name</name><val xsi:type="xsd:string">web</val></propSet>${state}</objects></returnval>`,
        );
    const states: [string, RegExp][] = [
        ["", /has nothing for “runtime.powerState”/],
        ["<propSet><name>runtime.powerState</name><val>on</val></propSet>", /a value that the vSphere API does not know for “runtime.powerState”/],
        ["<propSet><val>poweredOn</val></propSet>", /<propSet> has nothing for “name”/],
    ];
    for (const [state, message] of states) {
        await using host = await StandIn.start({ RetrievePropertiesEx: () => machine(state) });
        await using vim = await connectVim(host.host);
        const error = await failure(vim.machine("vm-1"));
        expect(error).toBeInstanceOf(HostError);
        expect(error.message).toMatch(message);
        expect(error.message).toMatch(/^vpx:\/\/ann@vc\/ /);
    }
});

test("what is neither an ESX host nor a vCenter is none of ours", async () => {
    const gsx = serviceContent.replace("VirtualCenter", "Gsx");
    await using host = await StandIn.start({ RetrieveServiceContent: () => returns("RetrieveServiceContent", gsx) });
    expect((await failure(connectVim(host.host))).message).toMatch(/is of the kind "Gsx"; Snaptree knows ESX hosts and vCenters/);
});

test("a listing comes in pages, and all of them are read", async () => {
    const machine = (id: number) =>
        `<objects><obj type="VirtualMachine">vm-${id}</obj><propSet><name>name</name><val xsi:type="xsd:string">m${id}</val></propSet>` +
        `<propSet><name>runtime.powerState</name><val xsi:type="VirtualMachinePowerState">poweredOff</val></propSet></objects>`;
    const page = (method: string, id: number, token: string) => returns(method, `<returnval>${token}${machine(id)}</returnval>`);
    await using host = await StandIn.start({
        CreateContainerView: () => returns("CreateContainerView", '<returnval type="ContainerView">session[52ab]view</returnval>'),
        RetrievePropertiesEx: () => page("RetrievePropertiesEx", 1, "<token>t&amp;1</token>"),
        ContinueRetrievePropertiesEx: ({ body }) =>
            body.includes("<token>t&amp;1</token>")
                ? page("ContinueRetrievePropertiesEx", 2, "<token>t2</token>")
                : page("ContinueRetrievePropertiesEx", 3, ""),
    });
    await using vim = await connectVim(host.host);
    expect((await vim.machines()).map(({ ref, name }) => [ref, name])).toEqual([1, 2, 3].map((id) => [`vm-${id}`, `m${id}`]));
});

test("prefixes, quotes, references, comments and CDATA are read as XML has them", async () => {
    const id = (text: string) => `<returnval type='VirtualMachineSnapshot' xmlns:_i="urn:i" _i:type="x:ManagedObjectReference">${text}</returnval>`;
    const read = async (text: string) => {
        const info = { "info.result": id(text).replaceAll("returnval", "val") };
        await using host = await StandIn.start({
            CreateSnapshot_Task: () => taskOf("CreateSnapshot_Task"),
            RetrievePropertiesEx: () => taskRead("success", info),
        });
        await using vim = await connectVim(host.host);
        return await vim.createSnapshot("vm-1", { name: "a", description: "", memory: false, quiesce: false }, { title: "create it" });
    };
    expect(await read("a&lt;&#98;&#x63;<!-- > <x> -->&quot;&amp;lt;")).toBe('a<bc"&lt;');
    expect(await read("<![CDATA[<a> & ]]>b")).toBe("<a> & b");
});

/** A server that does with each connection what it is told. */
async function listening(onConnection: Parameters<typeof createServer>[1]) {
    const server = createServer(onConnection).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
}

test("a session that nobody uses is kept by calls of its own, and begun anew where it has ended all the same", async () => {
    const ended = [fails("NotAuthenticated", "The session is not authenticated.")];
    await using host = await StandIn.start({ CurrentTime: () => ended.pop() ?? returns("CurrentTime", "<returnval>2026-01-01T00:00:00Z</returnval>") });
    await using _vim = await connectVim(host.host, { idle: 1 });
    const times = (method: string) => host.methods.filter((each) => each === method).length;
    await eventually(() => times("CurrentTime") >= 5);
    expect(times("Login")).toBe(2);
});

test("nothing listens there", async () => {
    const server = await listening(() => undefined);
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const host = { url: `https://127.0.0.1:${port}/sdk`, user: "u", password: "p", verify: true, cacert: null, path: [], shown: "esx://h/" };
    const error = await failure(connectVim(host));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toBe("esx://h/ can't be reached: nothing listens there; check host and port");
});

test.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", /does not speak HTTP as it should/],
    ["nothing at all", "", /the connection to vpx:\/\/ann@vc\/ broke before the answer was there/],
])("what answers with %s is no vSphere host", async (_, greeting, message) => {
    const server = await listening((socket) => void socket.on("error", () => undefined).once("data", () => socket.end(greeting)));
    try {
        await using shape = await StandIn.start();
        const { port } = server.address() as AddressInfo;
        const error = await failure(connectVim({ ...shape.host, url: `http://127.0.0.1:${port}/sdk` }));
        expect(error).toBeInstanceOf(UnreachableError);
        expect(error.message).toMatch(message);
    } finally {
        server.close();
    }
});
