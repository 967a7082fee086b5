import { StringDecoder } from "node:string_decoder";

/** Values shorter than this are no secrets worth a search: blotting out every “1” would blot out the output. */
const SHORTEST_SECRET = 3;

/** Characters after which a line that does not end is shown in parts. */
const LONGEST_LINE = 64 * 1024;

const LINE_END = /\r\n|\n|\r/;

/** What is to be blotted out for some secret values: the values, and each line of those that have several. Longest first. */
export function secretsOf(values: Iterable<string>): string[] {
    const texts = [...values].flatMap((value) => [value, ...value.split(LINE_END)]);
    return [...new Set(texts)].filter((text) => text.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
}

/** Replaces secrets ({@link secretsOf}) wherever they stand in a text. */
export function blotOut(text: string, secrets: readonly string[]): string {
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
}

/** Lines of one stream, whatever the pieces in which it comes, with secrets blotted out. */
export class Lines {
    private readonly decoder = new StringDecoder("utf8");
    private pending = "";
    private readonly overlap: number;

    constructor(
        private readonly secrets: readonly string[],
        private readonly onLine: (line: string) => void,
    ) {
        this.overlap = Math.max(0, ...secrets.map(({ length }) => length - 1));
    }

    write(chunk: Buffer): void {
        // A “\r” at the end may be the first half of a line's end.
        const lines = (this.pending + this.decoder.write(chunk)).split(/\r?\n|\r(?!\n|$)/);
        this.pending = lines.pop() ?? "";
        for (const line of lines) this.show(line);
        if (this.pending.length > LONGEST_LINE + this.overlap) this.showPart();
    }

    end(): void {
        const rest = (this.pending + this.decoder.end()).replace(/\r$/, "");
        this.pending = "";
        if (rest !== "") this.show(rest);
    }

    private show(line: string): void {
        this.onLine(blotOut(line, this.secrets));
    }

    /** All but what may be the beginning of a secret. */
    private showPart(): void {
        const shown = blotOut(this.pending, this.secrets);
        const end = shown.length - this.overlap;
        this.onLine(shown.slice(0, end));
        this.pending = shown.slice(end);
    }
}

/** The end of a text that is told line by line. */
export class Tail {
    private text = "";

    constructor(private readonly characters: number) {}

    add(line: string): void {
        this.text += `${line}\n`;
        if (this.text.length > 4 * this.characters) this.text = this.text.slice(-2 * this.characters);
    }

    toString(): string {
        const text = this.text.trim();
        return text.length > this.characters ? `…${text.slice(-this.characters)}` : text;
    }
}
