/*
 * ssh gives its arguments, joined by spaces, to the user's shell over there. This is the only place where a shell reads what we write.
 */

/** One argument, so that a POSIX shell takes it as it is: in single quotes nothing but their end means anything. Not for NUL, which no argument can hold. */
export function shellQuote(argument: string): string {
    return `'${argument.replaceAll("'", "'\\''")}'`;
}

/** A command and its arguments as a line for a POSIX shell. */
export function shellLine(command: readonly string[]): string {
    return command.map(shellQuote).join(" ");
}
