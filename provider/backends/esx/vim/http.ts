import { readFileSync } from "node:fs";
import { errors, Pool, type Dispatcher } from "undici";
import { HostError, InvalidInputError, quoted, UnreachableError } from "../../../model";
import type { VimHost } from "./types";

/** Bytes of an answer: 1,000 machines with their trees are less than a fifth of that, and are asked for in pages. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** Calls under way at once; further ones wait for their turn. */
const CONNECTIONS = 64;

/** The version of the API that is spoken; an older host answers in its own. */
const HEADERS = { "content-type": "text/xml; charset=utf-8", soapaction: '"urn:vim25/6.7"', "user-agent": "snaptree" };

const COOKIE = /^vmware_soap_session=("?[\w!#$%&'()*+./:<=>?@[\]^`{|}~-]+"?)/;

export interface Answer {
    readonly status: number;
    readonly text: string;
}

export interface PostOptions {
    readonly signal?: AbortSignal | undefined;
    /** Milliseconds until an answer has to be there. */
    readonly timeout: number;
}

/** The connection broke when the call was on its way: nobody knows whether the host has carried it out. */
export class BrokenCall extends UnreachableError {}

/** The answer did not come in time. */
export class LateAnswer extends BrokenCall {}

const TRUST = "name the authority's certificate with ?cacert=FILE, or write ?no_verify=1 to take any";

/** Why no connection came to be, by the code of the error that says so. */
const REASONS: Readonly<Record<string, string>> = {
    ECONNREFUSED: "nothing listens there; check host and port",
    ENOTFOUND: "no such host is known; check its name",
    EAI_AGAIN: "its name can't be looked up now; check the network, and the name",
    EHOSTUNREACH: "no way leads there; check the network, and the address",
    ENETUNREACH: "no way leads there; check the network, and the address",
    ETIMEDOUT: "it does not answer; check the network, host and port",
    UND_ERR_CONNECT_TIMEOUT: "it does not answer; check the network, host and port",
    EPROTO: "what listens there does not speak TLS; check the port",
    ERR_SSL_WRONG_VERSION_NUMBER: "what listens there does not speak TLS; check the port",
    ERR_SSL_PACKET_LENGTH_TOO_LONG: "what listens there does not speak TLS; check the port",
    DEPTH_ZERO_SELF_SIGNED_CERT: `it shows a certificate that it signed itself; ${TRUST}`,
    SELF_SIGNED_CERT_IN_CHAIN: `its certificate is signed by an authority that is not trusted here; ${TRUST}`,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is signed by an authority that is not known here; ${TRUST}`,
    UNABLE_TO_GET_ISSUER_CERT: `its certificate is signed by an authority that is not known here; ${TRUST}`,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `its certificate is signed by an authority that is not known here; ${TRUST}`,
    CERT_HAS_EXPIRED: "its certificate has expired; renew it on the host, or write ?no_verify=1 to take it as it is",
    CERT_NOT_YET_VALID: "its certificate is not valid yet; check both clocks",
    CERT_SIGNATURE_FAILURE: `its certificate is not signed by the authority that it names; ${TRUST}`,
    ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; write the host as the certificate has it, or write ?no_verify=1 to take any",
};

/** Where undici fails before anything of a call went out. */
const UNSENT = new Set(Object.keys(REASONS));

function codeOf(error: unknown): string {
    if (typeof error !== "object" || error === null) return "";
    if ("code" in error && typeof error.code === "string") return error.code;
    return "errors" in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : "";
}

function certificates({ cacert }: VimHost): string | undefined {
    if (cacert === null) return undefined;
    const problem = (why: string) => new InvalidInputError(`the host URI's parameter "cacert" names ${quoted(cacert)}, ${why}`, "host");
    let text: string;
    try {
        text = readFileSync(cacert, "utf8");
    } catch (error) {
        throw problem(`which can't be read (${codeOf(error)}); correct it`);
    }
    if (!text.includes("-----BEGIN CERTIFICATE-----"))
        throw problem("which holds no certificate in PEM format; name the file of the authority that signed the host's");
    return text;
}

/** One host, over connections that are kept: it knows the session's cookie, and nobody else does. */
export class Http {
    readonly #pool: Pool;
    #cookie: string | null = null;
    readonly #path: string;

    /** @param connectTimeout milliseconds until a connection is there */
    constructor(
        private readonly host: VimHost,
        connectTimeout: number,
    ) {
        const { origin, pathname } = new URL(host.url);
        this.#path = pathname;
        const ca = certificates(host);
        this.#pool = new Pool(origin, {
            connections: CONNECTIONS,
            maxResponseSize: MAX_ANSWER,
            connect: { timeout: connectTimeout, rejectUnauthorized: host.verify, ...(ca !== undefined && { ca }) },
        });
    }

    /**
     * Sends a call. No redirect is followed: what is sent is meant for this host alone.
     *
     * @throws UnreachableError where there was no connection, so that nothing was done; BrokenCall where there is no whole answer; the signal's reason.
     */
    async post(body: string, { signal, timeout }: PostOptions): Promise<Answer> {
        signal?.throwIfAborted();
        const patience = AbortSignal.timeout(timeout);
        try {
            const answer = await this.#pool.request({
                method: "POST",
                path: this.#path,
                headers: { ...HEADERS, ...(this.#cookie !== null && { cookie: `vmware_soap_session=${this.#cookie}` }) },
                body,
                signal: signal ? AbortSignal.any([signal, patience]) : patience,
                headersTimeout: timeout,
                bodyTimeout: timeout,
            });
            return await this.taken(answer);
        } catch (error) {
            signal?.throwIfAborted();
            throw error instanceof HostError ? error : this.failed(error, patience.aborted ? timeout : null);
        }
    }

    private async taken({ statusCode: status, headers, body }: Dispatcher.ResponseData): Promise<Answer> {
        if (status >= 300 && status < 400) {
            await body.dump();
            throw new HostError(`${this.host.shown} sends us elsewhere (HTTP ${status}), where Snaptree does not go with a password; give the host that it is`);
        }
        const text = await body.text();
        if (status !== 200 && status !== 500) throw new HostError(`${this.host.shown} answers HTTP ${status}; ${adviceFor(status)}`);
        const type = String(headers["content-type"] ?? "");
        if (text !== "" && !/\bxml\b/i.test(type)) {
            const what = /^[\w.+/-]{1,60}/.exec(type)?.[0] ?? "a document of no type";
            throw new HostError(`${this.host.shown} answers with ${what} where the vSphere API answers with XML; check host and port`);
        }
        this.remember(headers["set-cookie"]);
        return { status, text };
    }

    private remember(header: string | string[] | undefined): void {
        for (const line of [header ?? []].flat()) this.#cookie = COOKIE.exec(line)?.[1] ?? this.#cookie;
    }

    private failed(error: unknown, timedOut: number | null): Error {
        const { shown } = this.host;
        const code = codeOf(error);
        if (UNSENT.has(code)) return new UnreachableError(`${shown} can't be reached: ${REASONS[code] as string}`, { code });
        if (timedOut !== null)
            return new LateAnswer(`${shown} did not answer within ${timedOut / 1000} seconds; check the network, and whether the host is overloaded`);
        if (error instanceof errors.ResponseExceededMaxSizeError)
            return new BrokenCall(`${shown} answers with more than ${MAX_ANSWER / 1024 / 1024} MiB; check that it is a vSphere host`);
        if (code.startsWith("HPE_")) return new BrokenCall(`${shown} does not speak HTTP as it should (${code}); check host and port`);
        return new BrokenCall(
            `the connection to ${shown} broke before the answer was there (${code || "no reason is given"}); check the network, and the host`,
        );
    }

    /** The session is another one from now on, or none. */
    forget(): void {
        this.#cookie = null;
    }

    secrets(): string[] {
        return this.#cookie === null ? [] : [this.#cookie.replaceAll('"', "")];
    }

    async close(): Promise<void> {
        await this.#pool.destroy();
    }
}

function adviceFor(status: number): string {
    if (status === 401 || status === 403 || status === 407) return "something in between asks for a login of its own: check host, port and proxies";
    if (status === 503 || status === 502 || status === 504) return "its services are not up: wait until they are, and run again";
    return "there is no vSphere API there: check host and port";
}
