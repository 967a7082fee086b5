import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ssh } from "../../hosts/ssh";

/** What to call in place of `ssh`, whose server runs where VirtualBox's namespaces can be entered: `Ssh`'s own runs in namespaces of its own. */
export async function nearSsh({ folder, command }: Ssh): Promise<string> {
    const near = join(folder, "near");
    const proxy = `unshare --mount --propagation private -- sh ${join(__dirname, "near-sshd.sh")} ${folder}`;
    await writeFile(near, `#!/bin/sh\nexec '${command}' -o 'ProxyCommand=${proxy}' "$@"\n`, { mode: 0o755 });
    return near;
}
