import { mkdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PowerState } from "../../model";
import { takeLock } from "../../disks/lock";
import { checksum } from "../../disks/stamps";
import type { Guest, Lock, LockOptions } from "../backend";
import type { MachineDocument } from "./document";
import { guestOf } from "./control";
import type { Manage } from "./manage";
import { outlived } from "./outlived";
import { powerStateOf } from "./power";
import type { Site } from "./site";
import type { ReadPart } from "./written";

/** Bytes of a block, as `stat` counts them. */
const BLOCK = 512;

/** How often a document is looked for, and milliseconds in between. */
const LOOKS = 50;
const BETWEEN = 20;

/** A VirtualBox that is connected to, with what its machines share. */
export class Host {
    constructor(
        readonly site: Site,
        readonly manage: Manage,
    ) {}

    /** A machine's document; null where there is none. VirtualBox takes the old one away before it puts a new one in its place, so there may be none for a moment. */
    async documentAt(file: string): Promise<string | null> {
        for (let looks = 1; ; looks++) {
            const text = await this.site.readText(file);
            if (text !== null || looks === LOOKS) return text;
            await sleep(BETWEEN);
        }
    }

    readonly read: ReadPart = async (file, offset, bytes) => (await this.site.readPart(file, offset, bytes)) ?? Buffer.alloc(0);

    /** Bytes that a file takes on the disk. */
    async allocated(file: string): Promise<number | null> {
        if (!this.site.isLocal) return null;
        return (await stat(file)).blocks * BLOCK;
    }

    powerState(uuid: string): Promise<PowerState> {
        return powerStateOf(this.site, this.manage, uuid);
    }

    guest(uuid: string, machine: () => Promise<MachineDocument>): Guest {
        return guestOf({ host: this, uuid, machine });
    }

    async powerOff(uuid: string): Promise<void> {
        if ((await this.powerState(uuid)) !== "shutoff") await this.manage.run(["controlvm", uuid, "poweroff"], { machine: uuid });
    }

    /** Nothing that an interrupted run began on a machine goes on any more: its document tells what came of it. */
    async settle(uuid: string): Promise<void> {
        if (this.site.isLocal) await outlived(uuid);
        // VirtualBox's service finishes what it has begun for a client that is gone, and answers this only then.
        await this.manage.run(["list", "vms"]);
    }

    identity(): string {
        return this.site.address;
    }

    /** Beside the machine's document; where that is another machine's, of this one alone. */
    async lock(beside: string, uuid: string, options: LockOptions): Promise<Lock> {
        if (this.site.isLocal) return takeLock(beside, options);
        const folder = join(tmpdir(), `snaptree-${process.getuid?.() ?? 0}`);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return takeLock(join(folder, `${checksum(this.site.address).slice(0, 16)}-${uuid}.lock`), options);
    }
}
