import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { child, childrenOf, parseXml } from "../../xml";

/** Folders in which VirtualBox keeps what it knows of a user's machines, the likeliest first. */
function homes(): string[] {
    const { VBOX_USER_HOME, XDG_CONFIG_HOME } = process.env;
    if (VBOX_USER_HOME) return [VBOX_USER_HOME];
    const home = homedir();
    const config = XDG_CONFIG_HOME && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(home, ".config");
    return [join(config, "VirtualBox"), join(home, "Library", "VirtualBox"), join(home, ".VirtualBox")];
}

async function fileIn(home: string, uuid: string): Promise<string | null> {
    const file = join(home, "VirtualBox.xml");
    const text = await readFile(file, "utf8").catch(() => null);
    if (text === null) return null;
    const registry = child(child(parseXml(text, file), "Global") ?? parseXml("<none/>"), "MachineRegistry");
    const found = registry && childrenOf(registry, "MachineEntry").find(({ attributes }) => attributes.uuid?.toLowerCase() === `{${uuid}}`);
    const source = found?.attributes.src;
    return source === undefined ? null : resolve(home, source);
}

/** The document of a machine, as this user's VirtualBox has it registered on this machine; null where nobody there knows: its home may be another one. */
export async function registeredFile(uuid: string): Promise<string | null> {
    for (const home of homes()) {
        const file = await fileIn(home, uuid).catch(() => null);
        if (file !== null) return file;
    }
    return null;
}
