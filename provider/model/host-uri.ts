import { InvalidInputError } from "./errors";
import { quoted } from "./text";

/** What to say of a host URI that can't be taken as it is. */
export function invalidHost(message: string): InvalidInputError {
    return new InvalidInputError(message, "host");
}

/** The parameters of a host URI, each given once. @param known those that it can have @throws InvalidInputError (`host`) */
export function parametersOf(uri: URL, known: readonly string[]): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [name, value] of uri.searchParams) {
        if (!known.includes(name)) throw invalidHost(`the host URI has the parameter ${quoted(name)}, which ${uri.protocol}// does not know; leave it out, or take one of ${known.join(", ")}`); // prettier-ignore
        if (found.has(name)) throw invalidHost(`the host URI has the parameter ${quoted(name)} twice; leave one out`);
        if (value === "") throw invalidHost(`the host URI's parameter ${quoted(name)} is empty; give it a value, or leave it out`);
        found.set(name, value);
    }
    return found;
}

/** A part of a host URI, without its percent-encoding. @throws InvalidInputError (`host`) */
export function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        throw invalidHost(`the host URI has ${quoted(text)}, which is not percent-encoded as URIs are; write “%” as %25`);
    }
}
