/** A name in quotes for a message, with control characters made visible and its length bounded. */
export function quoted(name: string): string {
    return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}

/** A name in a line of text: in quotes where it could be taken for more than a name. */
export function called(name: string): string {
    return /[\p{C}\p{Z}"]/u.test(name) ? quoted(name) : name;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** A number of bytes for people, in binary units with at most one decimal: `0 B`, `1023 B`, `1.5 MiB`, `20 GiB`. */
export function formatBytes(bytes: number): string {
    let value = bytes;
    let unit = 0;
    const rounded = () => (unit === 0 ? value : Math.round(value * 10) / 10);
    while (rounded() >= 1024 && unit < UNITS.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${rounded()} ${UNITS[unit]}`;
}
