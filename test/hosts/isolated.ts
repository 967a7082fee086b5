import { execa } from "execa";
import { join } from "node:path";

/**
 * Starts one of the scripts beside this file in namespaces of its own (see isolated.sh). It ends when its standard input does, so with the process that
 * started it at the latest; then its processes, its mounts and `folder` are gone.
 */
export function isolated(folder: string, script: string, ...args: string[]) {
    return execa("sh", ["isolated.sh", folder, join(__dirname, script), ...args], {
        cwd: __dirname,
        // In a process group of its own: an interrupt from the terminal ends the tests, and their end ends this in good order.
        detached: true,
        cleanup: false,
        reject: false,
        stdin: "pipe",
        extendEnv: false,
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", HOME: folder },
    });
}
