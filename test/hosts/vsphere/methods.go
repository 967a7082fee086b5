package main

import (
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func (m *machine) CreateSnapshotTask(_ *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	task, fault := m.run("createSnapshot", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		return m.take(ctx, req.Name, req.Description, req.Memory, req.Quiesce)
	})
	if fault != nil {
		return &methods.CreateSnapshot_TaskBody{Fault_: fault}
	}
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: task}}
}

func (m *machine) CreateSnapshotExTask(_ *simulator.Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	task, fault := m.run("createSnapshotEx", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		return m.take(ctx, req.Name, req.Description, req.Memory, req.QuiesceSpec != nil)
	})
	if fault != nil {
		return &methods.CreateSnapshotEx_TaskBody{Fault_: fault}
	}
	return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: task}}
}

// “NotFound: if the virtual machine does not have a current snapshot.”
func (m *machine) RevertToCurrentSnapshotTask(_ *simulator.Context, req *types.RevertToCurrentSnapshot_Task) soap.HasFault {
	task, fault := m.run("revertToCurrentSnapshot", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		if m.current == nil {
			return nil, &types.NotFound{}
		}
		m.current.revert(ctx, isTrue(req.SuppressPowerOn))
		return nil, nil
	})
	if fault != nil {
		return &methods.RevertToCurrentSnapshot_TaskBody{Fault_: fault}
	}
	return &methods.RevertToCurrentSnapshot_TaskBody{Res: &types.RevertToCurrentSnapshot_TaskResponse{Returnval: task}}
}

func (m *machine) RemoveAllSnapshotsTask(_ *simulator.Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	task, fault := m.run("removeAllSnapshots", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		doomed := slices.Clone(m.snapshots)
		slices.Reverse(doomed)
		m.remove(ctx, doomed, m.host.consolidates(req.Consolidate))
		return nil, nil
	})
	if fault != nil {
		return &methods.RemoveAllSnapshots_TaskBody{Fault_: fault}
	}
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: task}}
}

// “Consolidate the virtual disk files of the virtual machine by finding hierarchies of redo logs that can be combined without violating data dependency.”
func (m *machine) ConsolidateVMDisksTask(_ *simulator.Context, _ *types.ConsolidateVMDisks_Task) soap.HasFault {
	task, fault := m.run("consolidateVMDisks", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		m.consolidate()
		m.publish(ctx, copyOf(m.Config))
		return nil, nil
	})
	if fault != nil {
		return &methods.ConsolidateVMDisks_TaskBody{Fault_: fault}
	}
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: task}}
}

// “changeVersion: … used to guard against updates that have happened between when configInfo is read and when it is applied”;
// “ConcurrentAccess: if the changeVersion does not match the server's changeVersion for the configuration.”
func (m *machine) ReconfigVMTask(_ *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	task, fault := m.run("reconfigVM", nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		if req.Spec.ChangeVersion != "" && req.Spec.ChangeVersion != m.Config.ChangeVersion {
			return nil, &types.ConcurrentAccess{}
		}
		// The simulator changes in place what an answer may just be made of.
		m.VirtualMachine.Config = copyOf(m.Config)
		req.Spec.ExtraConfig = m.meant(req.Spec.ExtraConfig)
		res := m.VirtualMachine.ReconfigVMTask(ctx, req).(*methods.ReconfigVM_TaskBody).Res
		if fault := m.host.waitFor(res.Returnval); fault != nil {
			return nil, fault
		}
		m.findDisks()
		m.publish(ctx, copyOf(m.Config))
		return nil, nil
	})
	if fault != nil {
		return &methods.ReconfigVM_TaskBody{Fault_: fault}
	}
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task}}
}

// “Configuration data … with an empty value is removed”, also where there was none: the simulator would add it.
func (m *machine) meant(given []types.BaseOptionValue) []types.BaseOptionValue {
	known := map[string]bool{}
	for _, each := range m.Config.ExtraConfig {
		known[each.GetOptionValue().Key] = true
	}
	return slices.DeleteFunc(slices.Clone(given), func(each types.BaseOptionValue) bool {
		option := each.GetOptionValue()
		return option.Value == "" && !known[option.Key]
	})
}

// The simulator's own task, that a task of ours has a part in.
func (h *host) waitFor(ref types.ManagedObjectReference) types.BaseMethodFault {
	task := h.registry.Get(ref).(*simulator.Task)
	for {
		var info types.TaskInfo
		h.registry.WithLock(&simulator.Context{}, task, func() { info = task.Info })
		switch info.State {
		case types.TaskInfoStateSuccess:
			return nil
		case types.TaskInfoStateError:
			return info.Error.Fault
		}
		time.Sleep(50 * time.Microsecond)
	}
}

func (m *machine) PowerOnVMTask(_ *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	task, fault := m.power("powerOnVM", types.VirtualMachinePowerStatePoweredOn)
	if fault != nil {
		return &methods.PowerOnVM_TaskBody{Fault_: fault}
	}
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task}}
}

func (m *machine) PowerOffVMTask(_ *simulator.Context, _ *types.PowerOffVM_Task) soap.HasFault {
	task, fault := m.power("powerOffVM", types.VirtualMachinePowerStatePoweredOff)
	if fault != nil {
		return &methods.PowerOffVM_TaskBody{Fault_: fault}
	}
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: task}}
}

func (m *machine) SuspendVMTask(_ *simulator.Context, _ *types.SuspendVM_Task) soap.HasFault {
	task, fault := m.power("suspendVM", types.VirtualMachinePowerStateSuspended)
	if fault != nil {
		return &methods.SuspendVM_TaskBody{Fault_: fault}
	}
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: task}}
}

// “InvalidPowerState: if the power state is [already so]”, or if what is off is to be suspended.
func (m *machine) power(method string, state types.VirtualMachinePowerState) (types.ManagedObjectReference, *soap.Fault) {
	return m.run(method, nil, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		now := m.Runtime.PowerState
		if now == state || (state == types.VirtualMachinePowerStateSuspended && !m.isOn()) {
			return nil, &types.InvalidPowerState{RequestedState: state, ExistingState: now}
		}
		m.setPower(ctx, state)
		m.publish(ctx, copyOf(m.Config))
		return nil, nil
	})
}

// “ToolsUnavailable: if VMware Tools is not running.” It returns at once; the guest is off some time later.
func (m *machine) ShutdownGuest(_ *simulator.Context, _ *types.ShutdownGuest) soap.HasFault {
	if !m.isOn() {
		fault := &types.InvalidPowerState{RequestedState: types.VirtualMachinePowerStatePoweredOn, ExistingState: m.Runtime.PowerState}
		return &methods.ShutdownGuestBody{Fault_: simulator.Fault("", fault)}
	}
	if !m.hasTools() {
		return &methods.ShutdownGuestBody{Fault_: simulator.Fault("", &types.ToolsUnavailable{})}
	}
	_, fault := m.power("shutdownGuest", types.VirtualMachinePowerStatePoweredOff)
	return &methods.ShutdownGuestBody{Res: &types.ShutdownGuestResponse{}, Fault_: fault}
}

func (m *machine) RefreshStorageInfo(ctx *simulator.Context, _ *types.RefreshStorageInfo) soap.HasFault {
	ctx.Update(m, []types.PropertyChange{{Name: "layoutEx", Val: m.layout()}})
	return &methods.RefreshStorageInfoBody{Res: &types.RefreshStorageInfoResponse{}}
}

// Snapshots go with their machine.
func (m *machine) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	if m.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
		for _, each := range m.snapshots {
			m.host.registry.Remove(ctx, each.Self)
		}
	}
	return m.VirtualMachine.DestroyTask(ctx, req)
}
