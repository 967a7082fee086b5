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

const mark = (token: string, name: string) => ({ asked: `${token}''${name}`, written: `${token}${name}\n` });

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

function before(text: string, end: string): string {
    const to = text.indexOf(end);
    return to < 0 ? text : text.slice(0, to);
}

/** What stands between two marks. Nothing, where there is no first one; all that follows it, where there is no second one. */
function between(text: string, begin: string, end: string): string {
    const start = text.indexOf(begin);
    if (start < 0) return "";
    return before(text.slice(start + begin.length), end);
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
        const token = randomBytes(8).toString("hex"); // virsh reads byte by byte, so no longer than need be.
        const [begin, end, last] = [mark(token, "b"), mark(token, "e"), mark(token, "l")];
        this.marks = { begin: begin.written, end: end.written, last: last.written };
        this.lines = `echo ${begin.asked};${line ? `${line};` : ""}echo ${end.asked}\necho --err ${last.asked};echo ${last.asked}\n`;
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

    /** Whether the command can have been begun, as far as what has come tells. */
    get begun(): boolean {
        return this.output.text().includes(this.marks.begin);
    }

    answer(): Answer {
        const { begin, end, last } = this.marks;
        return {
            output: between(this.output.text(), begin, end).replace(/\n+$/, ""),
            complaints: before(this.complaints.text(), `error: ${last}`).split("\n"),
        };
    }
}
