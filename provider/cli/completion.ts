import type { Command, Option } from "commander";
import { VALUES } from "./arguments";

/** A command line as far as it was typed: whole words, and the one at the cursor. */
export interface Typed {
    readonly words: readonly string[];
    readonly current: string;
    /** The quote in which the word at the cursor began. */
    readonly quote: "" | '"' | "'";
}

/** Splits a line as a shell does: quotes and backslashes are taken off. */
export function splitLine(line: string): Typed {
    const words: string[] = [];
    let current: string | null = null;
    let quote: Typed["quote"] = "";
    let began: Typed["quote"] = "";
    for (let i = 0; i < line.length; i++) {
        const character = line[i] ?? "";
        if (quote !== "" && character === quote) quote = "";
        else if (quote === "" && (character === '"' || character === "'")) {
            if (current === null) began = character;
            quote = character;
            current ??= "";
        } else if (quote === "" && /\s/.test(character)) {
            if (current !== null) words.push(current);
            current = null;
            began = "";
        } else {
            if (character === "\\" && quote !== "'") i++;
            current = (current ?? "") + (character === "\\" && quote !== "'" ? (line[i] ?? "") : character);
        }
    }
    return { words, current: current ?? "", quote: began };
}

/** What can stand at the cursor. */
export interface Wanted {
    /** Words that the command line knows itself. */
    readonly words?: readonly string[];
    /** What only the host knows, or the shell (files): one of {@link VALUES}, or another value's name. */
    readonly value?: string;
    /** The domain that was named already. */
    readonly domain?: string;
    readonly host?: string;
    /** What of the word at the cursor is no part of the value: `--from=`. */
    readonly before?: string;
}

const takesValue = (option: Option) => option.required || option.optional;

function valueOf(option: Option): Pick<Wanted, "words" | "value"> {
    if (option.argChoices) return { words: option.argChoices };
    return { value: /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1] ?? "" };
}

function optionsOf(command: Command): readonly Option[] {
    return command.parent ? [...command.options, ...command.parent.options] : command.options;
}

function find(command: Command, word: string): Option | undefined {
    return optionsOf(command).find(({ long, short }) => word === long || word === short);
}

/** What the words before the cursor say. */
class Walk {
    readonly names: string[] = [];
    host: string | undefined;
    /** The option whose value comes next. */
    waiting: Option | undefined;
    private onlyNames = false;

    constructor(public command: Command) {}

    take(word: string): void {
        if (this.waiting && !(this.waiting.optional && word.startsWith("-"))) return void this.giveValue(this.waiting, word);
        this.waiting = undefined;
        if (!this.onlyNames && word === "--") this.onlyNames = true;
        else if (!this.onlyNames && word.startsWith("-")) this.takeOption(word);
        else this.takeName(word);
    }

    private takeOption(word: string): void {
        const [flag = "", ...value] = word.split("=");
        const option = find(this.command, flag);
        if (!option || !takesValue(option)) return;
        if (value.length > 0) this.giveValue(option, value.join("="));
        else this.waiting = option;
    }

    private takeName(word: string): void {
        const verb = this.command.parent ? undefined : this.command.commands.find((command) => command.name() === word);
        if (verb) this.command = verb;
        else this.names.push(word);
    }

    private giveValue(option: Option, value: string): void {
        this.waiting = undefined;
        if (option.long === "--host") this.host = value;
    }

    wanted(current: string): Wanted {
        if (this.waiting && !(this.waiting.optional && current.startsWith("-"))) return valueOf(this.waiting);
        const at = current.indexOf("=");
        const option = at > 0 ? find(this.command, current.slice(0, at)) : undefined;
        if (option && takesValue(option)) return { ...valueOf(option), before: current.slice(0, at + 1) };
        if (!this.onlyNames && current.startsWith("-")) return { words: [...optionsOf(this.command).map(({ long }) => long ?? ""), "--help"] };
        if (!this.command.parent)
            return {
                words: this.command
                    .createHelp()
                    .visibleCommands(this.command)
                    .map((command) => command.name()),
            };
        const argument = this.command.registeredArguments[this.names.length];
        return argument?.argChoices ? { words: argument.argChoices } : { value: argument?.name() ?? "" };
    }
}

/** What can stand at the cursor of a line that begins with the program's own name. */
export function wantedAt(program: Command, { words, current }: Typed): Wanted {
    const walk = new Walk(program);
    for (const word of words.slice(1)) walk.take(word);
    const [domain] = walk.names;
    return { ...walk.wanted(current), ...(domain === undefined ? {} : { domain }), ...(walk.host === undefined ? {} : { host: walk.host }) };
}

/** A word as bash inserts it: COMPREPLY is not quoted for us, and “:” and “=” begin a new word. */
export function forBash(word: string, { current, quote }: Typed): string {
    if (quote === '"') return word.replace(/["$`\\]/g, "\\$&");
    if (quote === "'") return word;
    const broken = Math.max(current.lastIndexOf(":"), current.lastIndexOf("=")) + 1;
    return word.slice(broken).replace(/[\s!"#$&'()*;<>?[\\\]^`{|}~]/g, "\\$&");
}

/** Whether the shell's own completion of file names is meant. */
export function wantsFiles({ value }: Wanted): boolean {
    return value === VALUES.file || value === "target=file";
}

const BASH = `# snaptree completion for bash: source <(snaptree completion bash)
_snaptree() {
    local -a found
    mapfile -t found < <("$1" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    COMPREPLY=("\${found[@]:1}")
    [[ \${found[0]-} == files ]] || compopt +o default 2>/dev/null
}
complete -o default -F _snaptree snaptree`;

const ZSH = `#compdef snaptree
# snaptree completion for zsh: source <(snaptree completion zsh), after compinit
_snaptree() {
    local -a found
    found=("\${(@f)$("\${words[1]}" __complete zsh "\${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ \${found[1]} == files ]]; then
        _files
    else
        compadd -- "\${found[@]:1}"
    fi
}
compdef _snaptree snaptree`;

/** The shells that are known, each with the script that makes it complete. */
export const SCRIPTS = { bash: BASH, zsh: ZSH } as const;
export type Shell = keyof typeof SCRIPTS;
