import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidInputError, UnreachableError } from "../../../../provider/model";
import { connectVim, type VimHost } from "../../../../provider/backends/esx/vim";
import { selfSigned, type Certificate } from "./certificate";
import { failure, StandIn } from "./stand-in";

/*
 * Who does not show a certificate that is trusted hears nothing of us: no call, and above all no password.
 */

const folder = mkdtempSync(join(tmpdir(), "snaptree-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What connecting comes to; null: it is connected. */
async function connecting(certificate: Certificate, changes: Partial<VimHost> = {}) {
    await using host = await StandIn.start({}, certificate);
    const error = await connectVim({ ...host.host, ...changes }).then(
        async (vim) => {
            await vim[Symbol.asyncDispose]();
            return null;
        },
        (thrown: unknown) => thrown as Error,
    );
    return { error, methods: host.methods };
}

function file(text: string): string {
    const path = join(folder, "ca.pem");
    writeFileSync(path, text);
    return path;
}

test("a certificate that signed itself is refused, with both ways to take it", async () => {
    const { error, methods } = await connecting(selfSigned());
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error?.message).toBe(
        "vpx://ann@vc/ can't be reached: it shows a certificate that it signed itself; name the authority's certificate with ?cacert=FILE, or write ?no_verify=1 to take any",
    );
    expect(methods).toEqual([]);
});

test("it is taken where ?cacert= names it", async () => {
    const certificate = selfSigned();
    const { error, methods } = await connecting(certificate, { cacert: file(certificate.cert) });
    expect(error).toBeNull();
    expect(methods).toEqual(["RetrieveServiceContent", "Login", "Logout"]);
});

test("another one that is as good in itself is not taken where ?cacert= names one", async () => {
    const { error, methods } = await connecting(selfSigned(), { cacert: file(selfSigned().cert) });
    expect(error?.message).toMatch(/signed itself|authority that is not/);
    expect(methods).toEqual([]);
});

test("any is taken with ?no_verify=1, and only then", async () => {
    const expired = selfSigned([127, 0, 0, 1], new Date("2021-01-01T00:00:00Z"));
    expect((await connecting(expired, { verify: false })).error).toBeNull();
    const { error, methods } = await connecting(expired, { cacert: file(expired.cert) });
    expect(error?.message).toMatch(/its certificate has expired; renew it on the host/);
    expect(methods).toEqual([]);
});

test("one for another name is refused", async () => {
    const other = selfSigned([127, 0, 0, 2]);
    const { error, methods } = await connecting(other, { cacert: file(other.cert) });
    expect(error?.message).toMatch(/its certificate is for another name; write the host as the certificate has it/);
    expect(methods).toEqual([]);
});

test("what speaks no TLS is refused", async () => {
    await using host = await StandIn.start();
    const error = await failure(connectVim({ ...host.host, url: host.host.url.replace("http:", "https:") }));
    expect(error.message).toMatch(/what listens there does not speak TLS; check the port$/);
    expect(host.methods).toEqual([]);
});

test.each([
    ["is not there", join(folder, "none.pem"), /which can't be read \(ENOENT\); correct it$/],
    ["holds no certificate", __filename, /which holds no certificate in PEM format/],
])("a ?cacert= that %s is a mistake in the URI", async (_, cacert, message) => {
    await using host = await StandIn.start();
    const error = await failure(connectVim({ ...host.host, cacert }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ property: "host", message: expect.stringMatching(message) });
});
