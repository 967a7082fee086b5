// Operations as data, so that a test can have them carried out in its own process or in another one.
import type {
    BranchRequest,
    CreateRequest,
    DeactivateRequest,
    DeleteRequest,
    Desired,
    MoveRequest,
    Operation,
    RedefineRequest,
    ResetRequest,
    RevertRequest,
    RunOptions,
    UnbranchRequest,
    VirtualMachine,
} from "../../../provider/engine";
import { planOf } from "../../../provider/plan/plan";

/** One operation. */
export type Work =
    | { readonly verb: "create"; readonly request: CreateRequest }
    | { readonly verb: "revert"; readonly name: string; readonly request?: RevertRequest }
    | { readonly verb: "delete"; readonly name: string; readonly request?: DeleteRequest }
    | { readonly verb: "redefine"; readonly request: RedefineRequest }
    | { readonly verb: "branch"; readonly name: string; readonly request: BranchRequest }
    | { readonly verb: "switch"; readonly name: string; readonly request?: MoveRequest }
    | { readonly verb: "unbranch"; readonly name: string; readonly request?: UnbranchRequest }
    | { readonly verb: "renameBranch"; readonly name: string; readonly to: string }
    | { readonly verb: "resetBranch"; readonly name: string; readonly request?: ResetRequest }
    | { readonly verb: "deactivate"; readonly name: string; readonly request?: DeactivateRequest }
    | { readonly verb: "apply"; readonly desired: Desired }
    /** What no method of the library asks for by itself. */
    | { readonly verb: "operations"; readonly operations: readonly Operation[] }
    /** Nothing but what an interrupted run left to do. */
    | { readonly verb: "recover" };

export async function carryOut(vm: VirtualMachine, work: Work, options: RunOptions = {}): Promise<void> {
    switch (work.verb) {
        case "create":
            return void (await vm.create(work.request, options));
        case "redefine":
            return vm.redefine(work.request, options);
        case "branch":
            return void (await vm.branch(work.name, work.request, options));
        case "apply":
            return vm.apply(await vm.plan(work.desired), options);
        case "operations":
            return vm.apply(planOf(await vm.hierarchy(), work.operations), options);
        case "recover":
            return vm.apply(await vm.plan({ snapshots: {} }), options);
        case "revert":
            return vm.revert(work.name, work.request, options);
        case "delete":
            return vm.delete(work.name, work.request, options);
        case "switch":
            return vm.switch(work.name, work.request, options);
        case "unbranch":
            return vm.unbranch(work.name, work.request, options);
        case "renameBranch":
            return vm.renameBranch(work.name, work.to, options);
        case "resetBranch":
            return vm.resetBranch(work.name, work.request, options);
        case "deactivate":
            return vm.deactivate(work.name, work.request, options);
    }
}
