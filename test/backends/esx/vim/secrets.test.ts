import { inspect } from "node:util";
import { connectVim } from "../../../../provider/backends/esx/vim";
import { COOKIE, fails, returns, StandIn, taskError, taskOf, taskRead, withCookie, type Replies } from "./stand-in";

/*
 * Neither the password nor the session's cookie is in an error, in its cause or details, or in anything that is inspected, whatever the host answers:
 * even where it repeats them.
 */

const PASSWORD = "s3cret&<w>";

/** As XML has it, as a host would repeat it. */
const REPEATED = `you are ${COOKIE} with s3cret&amp;&lt;w&gt;`;

function expectNoSecret(value: unknown): void {
    const shown = [inspect(value, { depth: 20, showHidden: true, getters: true }), String(value), JSON.stringify(value)];
    if (value instanceof Error) shown.push(value.stack ?? "", inspect(value.cause));
    for (const text of shown) for (const secret of [PASSWORD, "s3cret", COOKIE]) expect(text).not.toContain(secret);
}

const SNAPSHOT = { name: "a", description: "", memory: false, quiesce: false };

test.each<[string, Replies]>([
    ["a fault that repeats them", { Login: () => fails("InvalidLogin", REPEATED) }],
    ["another fault of the login", { Login: () => withCookie(fails("SystemError", REPEATED, `<reason>${REPEATED}</reason>`)) }],
    ["a broken connection", { Login: () => (response) => void response.destroy() }],
    ["an answer that is none", { Login: () => ({ type: "text/html", body: REPEATED }) }],
    ["an answer that makes no sense", { Login: () => ({ body: `<${COOKIE}/>${REPEATED}` }) }],
    ["a redirect", { Login: () => ({ status: 302, headers: { location: `http://${COOKIE}/` }, body: REPEATED }) }],
])("not in what a login fails with: %s", async (_, replies) => {
    await using host = await StandIn.start(replies);
    const error = await connectVim(host.host).then(
        () => null,
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expectNoSecret(error);
});

test.each<[string, Replies]>([
    ["a fault that repeats them", { CreateSnapshot_Task: () => fails("NoPermission", REPEATED, `<privilegeId>${REPEATED}</privilegeId>`) }],
    ["a task's", { CreateSnapshot_Task: () => taskOf("CreateSnapshot_Task"), RetrievePropertiesEx: () => taskRead("error", taskError("FileNotFound", REPEATED, `<file>${REPEATED}</file>`)) }], // prettier-ignore
    ["a broken connection", { CreateSnapshot_Task: () => (response) => void response.destroy() }],
    ["an answer that makes no sense", { CreateSnapshot_Task: () => returns("CreateSnapshot_Task", "<returnval/>") }],
])("not in what a call fails with: %s", async (_, replies) => {
    await using host = await StandIn.start(replies);
    await using vim = await connectVim(host.host);
    const error = await vim.createSnapshot("vm-1", SNAPSHOT, { title: "create it" }).then(
        () => null,
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expectNoSecret(error);
});

test("not in a connection that is inspected, which uses them all the same", async () => {
    await using host = await StandIn.start({ RenameSnapshot: () => returns("RenameSnapshot") });
    await using vim = await connectVim(host.host);
    await vim.rename("snapshot-1", { name: "b" }, { title: "rename" });
    expectNoSecret(vim);
    expect(host.calls.at(-1)?.cookie).toContain(COOKIE);
    expect(host.calls.find(({ method }) => method === "Login")?.body).toContain("s3cret&amp;&lt;w&gt;");
});
