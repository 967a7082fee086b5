import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Certificate } from "./certificate";
import type { VimHost } from "../../../../provider/backends/esx/vim";

/*
 * A host that answers what a test says, over HTTP on loopback. Its answers are written from the published vSphere Web Services API reference: for what the
 * simulator does not do, and for what no host should do.
 */

export interface Call {
    readonly method: string;
    /** As it was sent. */
    readonly body: string;
    readonly cookie: string | undefined;
}

export interface Page {
    readonly status?: number;
    readonly type?: string;
    readonly headers?: Record<string, string>;
    readonly body: string;
}

/** What a call is answered with; a function writes it itself. */
export type Reply = Page | ((response: ServerResponse) => void);

export type Replies = Readonly<Record<string, (call: Call) => Reply | Promise<Reply>>>;

export const envelope = (body: string): string =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" ` +
    `xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`;

/** `<METHODResponse>` around this. */
export const returns = (method: string, value = ""): Page => ({ body: envelope(`<${method}Response xmlns="urn:vim25">${value}</${method}Response>`) });

/** A fault of a call. @param facts what it tells besides, as XML */
export const fails = (type: string, words: string, facts = ""): Page => ({
    status: 500,
    body: envelope(
        `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${words}</faultstring>` +
            `<detail><${type}Fault xmlns="urn:vim25" xsi:type="${type}">${facts}</${type}Fault></detail></soapenv:Fault>`,
    ),
});

const ref = (name: string, type: string, id: string) => `<${name} type="${type}">${id}</${name}>`;

export const serviceContent =
    `<returnval>${ref("rootFolder", "Folder", "group-d1")}${ref("propertyCollector", "PropertyCollector", "propertyCollector")}${ref("viewManager", "ViewManager", "ViewManager")}` +
    `<about><name>VMware vCenter Server</name><version>8.0.2</version><build>22617221</build><apiType>VirtualCenter</apiType><apiVersion>8.0.2.0</apiVersion>` +
    `<instanceUuid>ed9756f0-c470-5343-9961-1cd95a0accd8</instanceUuid></about>` +
    `${ref("sessionManager", "SessionManager", "SessionManager")}${ref("searchIndex", "SearchIndex", "SearchIndex")}</returnval>`;

const SESSION = "<returnval><key>52ab</key><userName>ann</userName></returnval>";

export const COOKIE = "5293c2a0-cookie-of-the-session";

/** A reply that begins a session. */
export const withCookie = (page: Page): Page => ({ ...page, headers: { "set-cookie": `vmware_soap_session="${COOKIE}"; Path=/; HttpOnly; Secure;` } });

const DEFAULTS: Replies = {
    RetrieveServiceContent: () => returns("RetrieveServiceContent", serviceContent),
    Login: () => withCookie(returns("Login", SESSION)),
    Logout: () => returns("Logout"),
    CreatePropertyCollector: () => returns("CreatePropertyCollector", ref("returnval", "PropertyCollector", "session[52ab]collector")),
    CreateFilter: () => returns("CreateFilter", ref("returnval", "PropertyFilter", "session[52ab]filter")),
    DestroyPropertyCollector: () => returns("DestroyPropertyCollector"),
    CurrentTime: () => returns("CurrentTime", "<returnval>2026-01-01T00:00:00.123456Z</returnval>"),
    CancelTask: () => returns("CancelTask"),
};

const value = (name: string, inner: string) => `<name>${name}</name>${inner}`;

/** A task's state as both ways of reading one give it. @param further of its properties, by name, each a whole `<val>` */
function infoSet(element: string, state: string, further: Readonly<Record<string, string>>): string {
    const all = { "info.state": `<val xsi:type="TaskInfoState">${state}</val>`, ...further };
    return Object.entries(all)
        .map(([name, val]) => `<${element}>${value(name, val)}</${element}>`)
        .join("");
}

export const taskOf = (method: string, id = "task-42"): Page => returns(method, ref("returnval", "Task", id));

/** What reading the task's properties gives. */
export const taskRead = (state: string, further: Readonly<Record<string, string>> = {}, id = "task-42"): Page =>
    returns("RetrievePropertiesEx", `<returnval><objects>${ref("obj", "Task", id)}${infoSet("propSet", state, further)}</objects></returnval>`);

/** What waiting for the task's changes gives. */
export const taskUpdate = (version: number, state: string, further: Readonly<Record<string, string>> = {}, id = "task-42"): Page =>
    returns(
        "WaitForUpdatesEx",
        `<returnval><version>${version}</version><filterSet><filter type="PropertyFilter">session[52ab]filter</filter><objectSet><kind>modify</kind>` +
            `${ref("obj", "Task", id)}${infoSet("changeSet", state, further)}</objectSet></filterSet></returnval>`,
    );

/** `info.error` of a task that failed. */
export const taskError = (type: string, words: string, facts = ""): Record<string, string> => ({
    "info.error": `<val xsi:type="LocalizedMethodFault"><fault xsi:type="${type}">${facts}</fault><localizedMessage>${words}</localizedMessage></val>`,
});

/** `info.result` of a task that made a snapshot. */
export const taskSnapshot = (id: string): Record<string, string> => ({
    "info.result": `<val type="VirtualMachineSnapshot" xsi:type="ManagedObjectReference">${id}</val>`,
});

export class StandIn implements AsyncDisposable {
    readonly calls: Call[] = [];

    private constructor(
        private readonly server: Server,
        private readonly replies: Replies,
        private readonly scheme: "http" | "https",
    ) {}

    /** @param certificate with one, it speaks TLS */
    static async start(replies: Replies = {}, certificate: Certificate | null = null): Promise<StandIn> {
        const listener = (request: IncomingMessage, response: ServerResponse) => void standIn.answer(request, response);
        const server = certificate ? createTlsServer({ ...certificate }, listener) : createServer(listener);
        const standIn = new StandIn(server, replies, certificate ? "https" : "http");
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return standIn;
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    get host(): VimHost {
        const url = `${this.scheme}://127.0.0.1:${this.port}/sdk`;
        return { url, user: "ann", password: "s3cret&<w>", verify: true, cacert: null, path: [], shown: "vpx://ann@vc/" };
    }

    /** The methods that were called, in their order. */
    get methods(): string[] {
        return this.calls.map(({ method }) => method);
    }

    private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const body = await text(request);
        const method = /<soapenv:Body>\s*<(\w+)/.exec(body)?.[1] ?? "";
        const call = { method, body, cookie: request.headers.cookie };
        this.calls.push(call);
        const reply = await (this.replies[method] ?? DEFAULTS[method] ?? (() => fails("MethodNotFound", `no ${method} here`)))(call);
        if (typeof reply === "function") reply(response);
        else response.writeHead(reply.status ?? 200, { "content-type": reply.type ?? "text/xml; charset=utf-8", ...reply.headers }).end(reply.body);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, "close");
    }
}

/** A fault's error, or what else was thrown; fails where nothing was. */
export async function failure(work: Promise<unknown>): Promise<Error> {
    const outcome = await work.then(
        () => null,
        (error: unknown) => error as Error,
    );
    if (outcome === null) throw new Error("nothing failed");
    return outcome;
}
