import { InvalidInputError, quoted } from "../../model";

/** A command of virsh and its arguments, each as it is meant: nothing in them is syntax. */
export type Command = readonly [string, ...string[]];

/** virsh reads its commands with an editor of lines, to which these are keys, or ends of lines. */
// eslint-disable-next-line no-control-regex
const KEYS = /[\u0000-\u001f\u007f]/;

/** In single quotes virsh takes everything as it is, and a quote itself outside of them. */
export function quote(argument: string): string {
    return `'${argument.replaceAll("'", "'\\''")}'`;
}

/**
 * An option with its value as one argument (`--domain=-x`), so that a value with a leading “-” is no option, as {@link Command} takes it.
 *
 * @example option("snapshotname", "--help") // "--snapshotname=--help"
 */
export function option(name: string, value: string): string {
    return `--${name}=${value}`;
}

/**
 * A command as a line for virsh to read.
 *
 * @throws InvalidInputError where an argument holds what can't be sent: control characters, or half a character
 */
export function commandLine(command: Command): string {
    for (const argument of command) {
        const why = KEYS.test(argument) ? "has a control character" : argument.isWellFormed() ? null : "is not well-formed Unicode";
        if (why)
            throw new InvalidInputError(
                `${quoted(argument)} ${why}, so it can't be given to virsh ${quoted(command[0])}; take it out, or give it in an XML document`,
            );
    }
    return command.map(quote).join(" ");
}
