import type { Command, CommanderError } from "commander";
import type { Session } from "./session";

/** Adds one verb, or a small family of them, to the command line. */
export type Verb = (program: Command, session: Session) => void;

/** Wrong usage, and the command whose help shows the right one. */
export class UsageError extends Error {
    override readonly name = "InvalidInputError";

    constructor(
        override readonly cause: CommanderError,
        command: Command,
    ) {
        const said = cause.code === "commander.help" ? "no verb is given" : cause.message.replace(/^error: /, "").replace(/\.$/, "");
        const path = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
        super(`${said}${dashedName(cause)}; “${path} --help” shows how it is used`);
    }
}

/** What looks like an option may have been meant as a name, as some hosts allow them. */
function dashedName({ code, message }: CommanderError): string {
    return code === "commander.unknownOption" && !message.includes("Did you mean") ? " (a name that begins with “-” comes after “--”)" : "";
}

/** Wrong usage of a command is told with the way to its own help. */
export function tellUsage(command: Command): Command {
    return command.exitOverride((error) => {
        throw new UsageError(error, command);
    });
}

export interface VerbText {
    /** A line in the list of verbs. */
    readonly summary: string;
    /** What its own help says besides. */
    readonly details?: string;
    readonly examples: readonly string[];
}

/** A verb with its help. */
export function verb(program: Command, name: string, { summary, details, examples }: VerbText): Command {
    const command = program
        .command(name)
        .summary(summary)
        .description(details === undefined ? summary : `${summary}\n\n${details}`)
        .addHelpText("after", `\n${examples.length === 1 ? "Example" : "Examples"}:\n${examples.map((example) => `  ${example}`).join("\n")}`);
    return tellUsage(command);
}
