import { main } from "./program";

const print = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

void main(process.argv.slice(2), { print, complain }).then((code) => {
    process.exitCode = code;
});
