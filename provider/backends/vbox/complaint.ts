/*
 * What VBoxManage writes to standard error: progress (`0%...10%...`), the usage where it does not understand, and lines that begin with its name. The
 * first of those is the sentence; “Details” and “Context” say what VirtualBox's service answered, and where:
 *
 *     VBoxManage: error: The machine 'm1' is already locked for a session (or being unlocked)
 *     VBoxManage: error: Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, interface IMachine, callee nsISupports
 *     VBoxManage: error: Context: "LockMachine(a->session, LockType_Write)" at line 901 of file VBoxManageModifyVM.cpp
 */

const PREFIX = /^VBoxManage(?:\.exe)?: error: /i;
const CODE = /^(?:Details: code|Code) (?<code>\w+) \(/;
const CONTEXT = /^Context: "(?<context>.*)" at line /s;

/** What VBoxManage complains of. */
export interface Complaint {
    /** Its own sentences, one after the other; the code, where there is nothing else; empty where it does not complain. */
    readonly words: string;
    /** What the service answered: `VBOX_E_OBJECT_NOT_FOUND`; null where VBoxManage itself refused. */
    readonly code: string | null;
    /** The call to the service that failed: `LockMachine(a->session, LockType_Write)`. */
    readonly context: string | null;
}

/** Each with the lines that follow it: names have newlines. */
function messages(stderr: string): string[] {
    const found: string[][] = [];
    for (const line of stderr.split("\n")) {
        if (PREFIX.test(line)) found.push([line.replace(PREFIX, "")]);
        else if (line !== "") found.at(-1)?.push(line.trim());
        else if (found.length > 0) break; // What follows an empty line is the usage.
    }
    return found.map((lines) => lines.join(" "));
}

/** Reads what was written to standard error. */
export function complaintOf(stderr: string): Complaint {
    const all = messages(stderr);
    const first = (pattern: RegExp, name: string) => all.map((message) => pattern.exec(message)?.groups?.[name]).find((found) => found !== undefined) ?? null;
    const code = first(CODE, "code");
    const context = first(CONTEXT, "context");
    const sentences = all.filter((message) => !CODE.test(message) && !CONTEXT.test(message));
    const words = sentences.length > 0 || code === null ? sentences.join("; ") : `${code} at ${context ?? "a call that it does not name"}`;
    return { words, code, context };
}

/** VBoxManage had no service to speak to: nothing of the call has happened. */
export function isNotServed({ words }: Complaint): boolean {
    return /^Failed to (?:create (?:the VirtualBox|a session) object|initialize COM)/.test(words);
}

/** How far it says that it is, from 0 to 1; null where it says nothing of that. */
export function progressOf(stderr: string): number | null {
    const percent = /.*?(\d{1,3})%(?!.*%)/s.exec(stderr)?.[1];
    return percent === undefined ? null : Math.min(Number(percent) / 100, 1);
}

/**
 * Debian's VBoxManage, and Oracle's, are scripts that warn on standard output, at each call, where no kernel module is loaded. Without that, the answer.
 *
 * @see /usr/bin/VBoxManage of Debian's package virtualbox 7.2
 */
export function withoutWarning(stdout: string): string {
    return stdout.replace(/^WARNING: [^\n]*vboxdrv[^\n]*\n(?:[^\n]*\n){0,12}?[ \t]+You will not be able to start VMs until this problem is fixed\.\n/, "");
}
