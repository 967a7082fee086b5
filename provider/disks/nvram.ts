import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { InvalidInputError } from "../model";

/*
 * Firmware variables as text, for what is carried as JSON. Most of them is empty flash, so they shrink to a hundredth.
 */

/** Bytes: the largest flash that QEMU gives to variables. */
const MAX_BYTES = 64 * 1024 * 1024;

export async function packed(bytes: Uint8Array): Promise<string> {
    return (await promisify(gzip)(bytes)).toString("base64");
}

/** @throws InvalidInputError */
export async function unpacked(text: string, property: string): Promise<Uint8Array> {
    try {
        return await promisify(gunzip)(Buffer.from(text, "base64"), { maxOutputLength: MAX_BYTES });
    } catch (error) {
        throw new InvalidInputError(
            `the firmware variables at ${property} can't be unpacked: ${(error as Error).message}; export the hierarchy again`,
            property,
            {
                cause: error,
            },
        );
    }
}
