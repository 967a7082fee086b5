/** Control characters of names that were made elsewhere must not move the cursor. */
export function printable(text: string): string {
    // eslint-disable-next-line no-control-regex
    return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Whole seconds since 1970 as virsh shows them, in this machine's time zone. */
export function when(seconds: number): string {
    const date = new Date(seconds * 1000);
    const two = (n: number) => String(Math.abs(n)).padStart(2, "0");
    const offset = -date.getTimezoneOffset();
    const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(offset / 60))}${two(offset % 60)}`;
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** A name where there is one. */
export function nameOr(name: string | null, none = "-"): string {
    return name === null ? none : printable(name);
}
