import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/*
 * Certificates (RFC 5280, in DER) that a test needs and no authority gives: ones that sign themselves, that have expired, or that are for another name.
 */

export interface Certificate {
    readonly key: string;
    readonly cert: string;
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
    const content = Buffer.concat(contents);
    const { length } = content;
    const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...contents: readonly Uint8Array[]) => der(0x30, ...contents);
const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME = Buffer.from("550403", "hex");
const ALTERNATIVE_NAMES = Buffer.from("551d11", "hex");

const named = (name: string) => sequence(der(0x31, sequence(der(0x06, COMMON_NAME), der(0x0c, Buffer.from(name)))));

/** GeneralizedTime. */
const time = (date: Date) => der(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`));

function body(publicKey: KeyObject, address: readonly number[], until: Date): Buffer {
    const spki = publicKey.export({ type: "spki", format: "der" });
    const serial = createHash("sha256").update(spki).digest().subarray(0, 8);
    serial[0] = 1;
    const names = sequence(der(0x06, ALTERNATIVE_NAMES), der(0x04, sequence(der(0x87, Buffer.from(address)))));
    return sequence(
        der(0xa0, der(0x02, Buffer.from([2]))),
        der(0x02, serial),
        ECDSA_WITH_SHA256,
        named("esx"),
        sequence(time(new Date("2020-01-01T00:00:00Z")), time(until)),
        named("esx"),
        spki,
        der(0xa3, sequence(names)),
    );
}

/** One that signs itself. @param address of IPv4, for which it is @param until when it expires */
export function selfSigned(address: readonly number[] = [127, 0, 0, 1], until = new Date("2099-01-01T00:00:00Z")): Certificate {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const signed = body(publicKey, address, until);
    const signature = sign("sha256", signed, privateKey);
    const whole = sequence(signed, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
    const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
    return {
        key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
        cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    };
}
