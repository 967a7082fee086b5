// The same hierarchy on a VirtualBox that ssh reaches.
import { connect, type Host, HostError } from "../../../provider/engine";
import { holding } from "../../conformance/bench";
import { parents, place, refused } from "../../conformance/support";
import { type Ssh, startSsh } from "../../hosts/ssh";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, ssh as server, suiteWith, virtualbox as required } from "../../support/requires";
import { VboxMachine } from "./machine";
import { nearSsh } from "./near";

suiteWith(needs(required, server), "a VirtualBox that ssh reaches", () => {
    let virtualbox: VirtualBox;
    let ssh: Ssh;
    let host: Host;
    beforeAll(async () => {
        [virtualbox, ssh] = [await startVirtualBox(), await startSsh()];
        const query = new URLSearchParams({ vboxmanage: virtualbox.vboxmanage, command: await nearSsh(ssh), keyfile: ssh.key })
            .toString()
            .replaceAll("+", "%20");
        host = await connect(`vbox+ssh://root@127.0.0.1:${ssh.port}/session?${query}`);
    });
    afterAll(async () => {
        await host[Symbol.asyncDispose]();
        await Promise.all([virtualbox.stop(), ssh.stop()]);
    });

    test("is worked on as one on this machine is, and neither knows which way the other came", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const there = await host.domain(machine.domain);
        await machine.write("vda", 1, "a");
        await there.create({ name: "a", description: "it's “there”\n快照 $HOME `x`" });
        await machine.write("vda", 2, "b");
        await there.branch("p", { from: "a" });
        expect(place(await there.hierarchy())).toEqual({ current: "a", branch: null, dirty: true, branches: ["p"] });
        await there.switch("p");
        expect(await machine.tip()).toEqual({ vda: holding("a") });
        await machine.write("vda", 3, "p");
        await there.create({ name: "c" });
        await there.switch("auto-a-1");
        expect(await machine.tip()).toEqual({ vda: holding("ab") });
        await there.delete("a");
        expect(parents(await machine.vm.hierarchy())).toEqual({ c: null });
        expect(await machine.vm.hierarchy()).toEqual(await there.hierarchy());
        expect(await machine.snapshot("c")).toEqual({ vda: holding("a.p") });
        await machine.vm.switch("p");
        expect(await machine.tip()).toEqual({ vda: holding("a.p") });
        await machine.sound();
    });

    test("has no file of its disks here: commands that need one say so, and nothing is left", async () => {
        await using machine = await VboxMachine.make(virtualbox, ["vda"]);
        const there = await host.domain(machine.domain);
        await there.create({ name: "a" });
        const before = await machine.vm.hierarchy();
        const error = await refused(there.create({ name: "b", parent: "a", provision: [{ command: ["sh", "-c", 'test -n "$SNAPTREE_DISK_VDA"'] }] }));
        expect(error).toBeInstanceOf(HostError);
        expect(await machine.vm.hierarchy()).toEqual(before);
    });
});
