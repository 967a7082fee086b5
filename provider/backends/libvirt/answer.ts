import { randomBytes } from "node:crypto";

/*
 * How the answer to one command is told from everything else that virsh writes: prompts, echoes of what it read, notices. Around it virsh is made to write
 * marks with a random token, which nothing that it reads or shows can hold beforehand. The lines that ask for them have the token split in two by quotes,
 * so an echo of them is no mark.
 *
 * An error in the syntax of a command keeps its whole line from being run, so the last marks have a line of their own.
 */

/** What commands wrote. */
export interface Answer {
    /** To standard output, each of them. */
    readonly outputs: readonly string[];
    /** To standard error, line by line, all of them. */
    readonly complaints: readonly string[];
}

interface Mark {
    readonly asked: string;
    readonly written: string;
}

interface Marks {
    /** The command begins. */
    readonly begin: Mark;
    /** The command is through; missing where its syntax was refused. */
    readonly end: Mark;
}

const mark = (token: string, name: string): Mark => ({ asked: `${token}''${name}`, written: `${token}${name}\n` });

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

/** Commands under way: what virsh is to be given for them, and what comes back. */
export class Exchange {
    /** The lines for virsh to read. */
    readonly lines: string;
    private readonly marks: readonly Marks[];
    /** Nothing more comes, on standard output and on standard error. */
    private readonly last: Mark;
    private readonly output: Stream;
    private readonly complaints: Stream;

    /** @param commands quoted, a line each; none: only the marks */
    constructor(...commands: readonly string[]) {
        const token = randomBytes(8).toString("hex"); // virsh reads byte by byte, so no longer than need be.
        this.last = mark(token, "l");
        this.marks = commands.map((_, i) => ({ begin: mark(token, `b${i}`), end: mark(token, `e${i}`) }));
        const lines = this.marks.map(({ begin, end }, i) => `echo ${begin.asked};${commands[i]};echo ${end.asked}\n`);
        this.lines = `${lines.join("")}echo --err ${this.last.asked};echo ${this.last.asked}\n`;
        this.output = new Stream(this.last.written);
        this.complaints = new Stream(this.last.written);
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

    /** Whether the first command can have been begun, as far as what has come tells. */
    get begun(): boolean {
        const [first] = this.marks;
        return first !== undefined && this.output.text().includes(first.begin.written);
    }

    answer(): Answer {
        const text = this.output.text();
        return {
            outputs: this.marks.map(({ begin, end }) => between(text, begin.written, end.written).replace(/\n+$/, "")),
            complaints: before(this.complaints.text(), `error: ${this.last.written}`).split("\n"),
        };
    }
}
