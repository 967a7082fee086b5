import { SingleBar } from "cli-progress";
import { stripVTControlCharacters } from "node:util";
import type { Progress } from "../engine";
import type { Output } from "./output";
import { printable } from "./text";

/** Shows what happens while an operation runs. */
export interface Display {
    readonly show: (progress: Progress) => void;
    /** Takes away what must not stay on the screen. */
    readonly end: () => void;
}

/** What a command says may draw anywhere on a terminal; here it has its own lines. */
function plainLine({ kind, message }: Progress): string | null {
    const text = printable(stripVTControlCharacters(message));
    switch (kind) {
        case "begin":
            return `${text} …`;
        case "done":
            return `${text}: done`;
        case "output":
            return `  ${text}`;
        case "wait":
        case "recover":
            return text;
        case "step":
            return null;
    }
}

/** Line by line. What is refused before its first step was never begun, and has nothing but its error to say. */
function lines(output: Output): Display {
    let begun: string | null = null;
    const show = (progress: Progress) => {
        if (begun !== null) output.complain(begun);
        const line = plainLine(progress);
        begun = progress.kind === "begin" ? line : null;
        if (begun === null && line !== null) output.complain(line);
    };
    return { show, end: () => undefined };
}

/** Columns that the bar and its numbers take, besides the title. */
const BAR_COLUMNS = 60;

/** One bar, on the line below everything else that is said. */
class Bar implements Display {
    private title = "";
    private bar: SingleBar | null = null;
    private value = 0;

    constructor(
        private readonly stream: NodeJS.WriteStream,
        private readonly output: Output,
    ) {}

    readonly show = (progress: Progress): void => {
        switch (progress.kind) {
            case "begin":
                this.title = plainTitle(progress.message, this.stream.columns - BAR_COLUMNS);
                this.value = 0;
                return this.bar?.update(0, { title: this.title });
            case "step":
                if (progress.fraction !== undefined) this.move(progress.fraction);
                return;
            case "done":
                return void this.end();
            default:
                return void this.above(plainLine(progress) ?? "");
        }
    };

    private move(fraction: number): void {
        this.value = Math.round(fraction * 1000);
        if (this.bar) this.bar.update(this.value);
        else this.draw();
    }

    private draw(): void {
        this.bar = new SingleBar({
            stream: this.stream,
            format: "{title} [{bar}] {percentage}% | {duration_formatted} | {eta_formatted} left",
            barsize: 24,
            hideCursor: true,
            clearOnComplete: true,
            gracefulExit: false, // Who asked for the operation hears the signal, and ends this with it.
        });
        this.bar.start(1000, this.value, { title: this.title });
    }

    private above(line: string): void {
        const drawn = this.bar !== null;
        this.end();
        this.output.complain(line);
        if (drawn) this.draw();
    }

    readonly end = (): void => {
        this.bar?.stop();
        this.bar = null;
    };
}

function plainTitle(message: string, columns: number): string {
    const title = [...printable(message)];
    const room = Math.max(columns, 20);
    return title.length <= room ? title.join("") : `${title.slice(0, room - 1).join("")}…`;
}

/** How progress is shown: as a bar on a terminal, line by line elsewhere, and not at all beside JSON. */
export function displayOn(output: Output): Display {
    if (output.json) return { show: () => undefined, end: () => undefined };
    return output.drawing ? new Bar(output.drawing, output) : lines(output);
}
