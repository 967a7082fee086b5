import { setTimeout as sleep } from "node:timers/promises";
import { HostError, quoted } from "../../../model";
import { faultOfCall, refused, type Fault } from "./faults";
import { BrokenCall, Http, LateAnswer, type PostOptions } from "./http";
import { MalformedAnswer, refOf, requiredPart, requiredText, textOf, type Part, type Ref } from "./part";
import { bodyOf, envelope, type Arguments } from "./soap";
import type { VimAbout, VimHost } from "./types";

/** For how long something is waited for, in milliseconds. */
export interface Patience {
    /** Until a connection is there. */
    readonly connect: number;
    /** Until a call is answered that does not wait for anything itself. */
    readonly call: number;
    /** Until a task that was cancelled has ended. */
    readonly cancel: number;
    /** Between calls that keep the session: hosts end it after 30 minutes without any. */
    readonly idle: number;
}

const PATIENCE: Patience = { connect: 15_000, call: 120_000, cancel: 30_000, idle: 10 * 60_000 };

/** How often a call that only reads is sent, and milliseconds in between. */
const ATTEMPTS = 3;
const BETWEEN = 200;

const SERVICE: Ref = { type: "ServiceInstance", id: "ServiceInstance" };

export interface CallOptions extends Partial<PostOptions> {
    /** What is done, for messages; default: `answer METHOD`. */
    readonly title?: string | undefined;
    /** It only reads, so that it may be sent again when nobody knows what came of it. */
    readonly reads?: boolean | undefined;
}

/** The services that calls are made on. */
export interface Services {
    readonly rootFolder: Ref;
    readonly propertyCollector: Ref;
    readonly searchIndex: Ref;
    readonly viewManager: Ref;
    readonly sessionManager: Ref;
}

/** A host that we are logged in to: it logs in again where the session has expired. */
export class Session implements AsyncDisposable {
    readonly #http: Http;
    readonly #login: { readonly user: string; readonly password: string };
    readonly shown: string;
    /** Counts the logins: what a session keeps on the host is gone with it. */
    epoch = 0;
    #loggingIn: Promise<void> | null = null;
    /** Of user and password: hosts lock out whoever tries these too often. */
    #refusal: Error | null = null;
    #services: Services | null = null;
    #about: VimAbout | null = null;
    #keeper: NodeJS.Timeout | null = null;

    private constructor(
        host: VimHost,
        readonly patience: Patience,
    ) {
        this.#http = new Http(host, patience.connect);
        this.#login = { user: host.user, password: host.password };
        this.shown = host.shown;
    }

    static async open(host: VimHost, patience: Partial<Patience> = {}): Promise<Session> {
        const session = new Session(host, { ...PATIENCE, ...patience });
        try {
            await session.begin();
            return session;
        } catch (error) {
            await session.#http.close();
            throw error;
        }
    }

    get services(): Services {
        return this.#services as Services;
    }

    get about(): VimAbout {
        return this.#about as VimAbout;
    }

    private async begin(): Promise<void> {
        const content = requiredPart(await this.attempt("RetrieveServiceContent", SERVICE, [], { reads: true }), "returnval");
        const service = (name: string) => refOf(requiredPart(content, name));
        this.#services = {
            rootFolder: service("rootFolder"),
            propertyCollector: service("propertyCollector"),
            searchIndex: service("searchIndex"),
            viewManager: service("viewManager"),
            sessionManager: service("sessionManager"),
        };
        this.#about = aboutOf(requiredPart(content, "about"), this.shown);
        await this.login();
        this.#keeper = setInterval(() => void this.ping().catch(() => undefined), this.patience.idle).unref();
    }

    private async login(): Promise<void> {
        const { user, password } = this.#login;
        this.#http.forget();
        const args = [["userName", user], ["password", password]] as const; // prettier-ignore
        const body = await this.send("Login", this.services.sessionManager, args, {});
        if (body.name === "Fault") throw this.notLoggedIn(faultOfCall(body));
        this.epoch++;
    }

    private notLoggedIn(fault: Fault): Error {
        if (fault.type !== "InvalidLogin") return this.refused("log us in", fault);
        const who = quoted(this.#login.user);
        return (this.#refusal = new HostError(
            `${this.shown} does not take ${who} with this password; check the user in the URI, and give the password in SNAPTREE_PASSWORD or in the resource`,
        ));
    }

    /** Once for all that found the session gone. */
    private async again(epoch: number): Promise<void> {
        if (this.epoch !== epoch) return;
        if (this.#refusal !== null) throw this.#refusal;
        this.#loggingIn ??= this.login().finally(() => (this.#loggingIn = null));
        await this.#loggingIn;
    }

    /**
     * Calls a method; where the session has expired, logs in and calls it again, since a host does nothing for somebody whom it does not know.
     *
     * @returns `<METHODResponse>`
     * @throws what {@link refused} makes of a fault; UnreachableError; HostError where the answer makes no sense; the signal's reason
     */
    async call(method: string, self: Ref, args: Arguments, options: CallOptions = {}): Promise<Part> {
        const { epoch } = this;
        const body = await this.repeated(method, self, args, options);
        if (body.name !== "Fault") return body;
        const fault = faultOfCall(body);
        if (fault.type === "NotAuthenticated") await this.again(epoch);
        else if (fault.type === "ManagedObjectNotFound" && options.reads) await this.ping();
        if (this.epoch === epoch) throw this.refusal(method, fault, options);
        return this.attempt(method, self, args, options);
    }

    /** Makes sure that the host knows us: to a stranger it may say of anything that it is not there. */
    async ping(): Promise<void> {
        await this.call("CurrentTime", SERVICE, []);
    }

    private async attempt(method: string, self: Ref, args: Arguments, options: CallOptions): Promise<Part> {
        const body = await this.repeated(method, self, args, options);
        if (body.name === "Fault") throw this.refusal(method, faultOfCall(body), options);
        return body;
    }

    private refusal(method: string, fault: Fault, { title = `answer ${method}` }: CallOptions): Error {
        return this.refused(title, fault);
    }

    /** What a refused call or task fails with, with what is secret blotted out: a host may repeat it. */
    refused(title: string, fault: Fault): Error {
        return refused(title, this.shown, { ...fault, words: this.blotted(fault.words), facts: this.blottedPart(fault.facts) });
    }

    private blottedPart(part: Part): Part {
        return { ...part, text: this.blotted(part.text), parts: part.parts.map((each) => this.blottedPart(each)) };
    }

    private blotted(words: string): string {
        const secrets = [this.#login.password, ...this.#http.secrets()].filter((secret) => secret !== "");
        return secrets.reduce((text, secret) => text.replaceAll(secret, "…"), words);
    }

    private async repeated(method: string, self: Ref, args: Arguments, options: CallOptions): Promise<Part> {
        for (let attempt = 1; ; attempt++) {
            try {
                return await this.send(method, self, args, options);
            } catch (error) {
                if (!(error instanceof BrokenCall)) throw error;
                if (!options.reads) throw new BrokenCall(`${error.message}; whether it did ${options.title ?? method} is not known: look, and run again`);
                if (attempt === ATTEMPTS || error instanceof LateAnswer) throw error;
                await sleep(BETWEEN * attempt);
                options.signal?.throwIfAborted();
            }
        }
    }

    /** @returns `<METHODResponse>`, or `<Fault>` */
    private async send(method: string, self: Ref, args: Arguments, { signal, timeout = this.patience.call }: CallOptions): Promise<Part> {
        const { status, text } = await this.#http.post(envelope(method, self, args), { signal, timeout });
        try {
            return answerIn(text, method, status);
        } catch (error) {
            if (!(error instanceof MalformedAnswer)) throw error;
            throw new HostError(`${this.shown} answers ${method} otherwise than the vSphere API describes: ${error.message}; check host and port`);
        }
    }

    /** Logs out, and closes the connections. What fails then is of no consequence: the host forgets the session by itself. */
    async [Symbol.asyncDispose](): Promise<void> {
        if (this.#keeper !== null) clearInterval(this.#keeper);
        this.#keeper = null;
        try {
            if (this.epoch > 0) await this.send("Logout", this.services.sessionManager, [], { timeout: 5_000 });
        } catch {
            // Nothing to be done about it.
        } finally {
            await this.#http.close();
        }
    }
}

function aboutOf(about: Part, shown: string): VimAbout {
    const apiType = requiredText(about, "apiType");
    if (apiType !== "HostAgent" && apiType !== "VirtualCenter")
        throw new HostError(`${shown} is of the kind ${quoted(apiType)}; Snaptree knows ESX hosts and vCenters`);
    return { apiType, version: requiredText(about, "version"), build: textOf(about, "build"), instanceUuid: textOf(about, "instanceUuid") || null };
}

function answerIn(text: string, method: string, status: number): Part {
    if (text.trim() === "") throw new MalformedAnswer("there is nothing in it");
    const body = bodyOf(text);
    if (body.name === "Fault") return body;
    if (status === 500) throw new MalformedAnswer("it is an error (HTTP 500) that says nothing");
    if (body.name === `${method}Response`) return body;
    throw new MalformedAnswer(body.name === "" ? "there is nothing in its body" : `it is <${body.name.slice(0, 40)}>`);
}
