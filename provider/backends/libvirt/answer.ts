import { randomBytes } from "node:crypto";

/*
 * How the answer to one command is told from everything else that virsh writes: prompts, echoes of what it read, notices. Around it virsh is made to write
 * marks with a random token, which nothing that it reads or shows can hold beforehand. The lines that ask for them have the token split in two by quotes,
 * so an echo of them is no mark.
 *
 * An error in the syntax of a command keeps its whole line from being run, so the last marks have a line of their own.
 */

/** What a command wrote. */
export interface Answer {
    readonly output: string;
    /** What it wrote to standard error, line by line. */
    readonly complaints: readonly string[];
}

interface Marks {
    /** The command begins. */
    readonly begin: string;
    /** The command is through; missing where its syntax was refused. */
    readonly end: string;
    /** Nothing more comes, on standard output and on standard error. */
    readonly last: string;
}

const mark = (token: string, name: string) => ({ asked: `'${token}''${name}'`, written: `${token}${name}\n` });

/** Text that comes in pieces, and is looked through once for what ends it. */
class Stream {
    private readonly pieces: string[] = [];
    private tail = "";
    ended = false;

    constructor(private readonly end: string) {}

    add(piece: string): void {
        this.pieces.push(piece);
        const seen = this.tail + piece;
        this.ended ||= seen.includes(this.end);
        this.tail = seen.slice(-this.end.length);
    }

    text(): string {
        return this.pieces.join("");
    }
}

function between(text: string, begin: string, ends: readonly string[]): string {
    const start = text.indexOf(begin);
    if (start < 0) return "";
    const from = start + begin.length;
    const end = ends.map((each) => text.indexOf(each, from)).find((at) => at >= 0);
    return text.slice(from, end);
}

/** One command under way: what virsh is to be given for it, and what comes back. */
export class Exchange {
    /** The lines for virsh to read. */
    readonly lines: string;
    private readonly marks: Marks;
    private readonly output: Stream;
    private readonly complaints: Stream;

    /** @param line one command, quoted; nothing: only the marks */
    constructor(line?: string) {
        const token = randomBytes(16).toString("hex");
        const [begin, end, last] = [mark(token, "b"), mark(token, "e"), mark(token, "l")];
        this.marks = { begin: begin.written, end: end.written, last: last.written };
        const first = `echo --err ${begin.asked}; echo ${begin.asked}; ${line ? `${line}; ` : ""}echo ${end.asked}`;
        this.lines = `${first}\necho --err ${last.asked}; echo ${last.asked}\n`;
        this.output = new Stream(last.written);
        this.complaints = new Stream(last.written);
    }

    /** Takes what came on standard output. */
    addOutput(piece: string): void {
        this.output.add(piece);
    }

    /** Takes what came on standard error. */
    addComplaints(piece: string): void {
        this.complaints.add(piece);
    }

    /** Whether all has come. */
    get complete(): boolean {
        return this.output.ended && this.complaints.ended;
    }

    /** Whether the command can have been begun. Of one whose syntax was refused, too: virsh doesn't tell before it is through. */
    get begun(): boolean {
        return this.output.text().includes(this.marks.begin);
    }

    answer(): Answer {
        const { begin, end, last } = this.marks;
        const output = between(this.output.text(), begin, [end]);
        // Where syntax was refused, standard error has the last mark only.
        const complaints = this.complaints.text();
        const from = complaints.includes(begin) ? begin : "";
        return {
            output: output.replace(/\n+$/, ""),
            complaints: between(complaints, from, [`error: ${last}`])
                .split("\n")
                .filter((line) => line !== ""),
        };
    }
}
