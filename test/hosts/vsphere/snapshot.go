package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// “TooManySnapshotLevels: thrown if the number of levels in the snapshot tree exceeds the supported maximum”, which VMware documents as 32.
const maxLevels = 32

// A snapshot as the published API reference has it. The simulator's own is not used: it leaves out most of what follows.
type snapshot struct {
	mo.VirtualMachineSnapshot
	machine *machine
	parent  *snapshot
	// What it says of itself, without its children.
	tree types.VirtualMachineSnapshotTree
	// What its disks were on, by their keys.
	layers map[int32]*layer
}

// Its machine's lock is that of its snapshots: a lock of its own, held while its machine's is waited for, could deadlock.
func (*snapshot) Lock()   {}
func (*snapshot) Unlock() {}

func (s *snapshot) levels() int {
	if s == nil {
		return 0
	}
	return s.parent.levels() + 1
}

func (m *machine) childrenOf(parent *snapshot) []*snapshot {
	var found []*snapshot
	for _, each := range m.snapshots {
		if each.parent == parent {
			found = append(found, each)
		}
	}
	return found
}

func (m *machine) listOf(parent *snapshot) []types.VirtualMachineSnapshotTree {
	var list []types.VirtualMachineSnapshotTree
	for _, each := range m.childrenOf(parent) {
		item := each.tree
		item.ChildSnapshotList = m.listOf(each)
		list = append(list, item)
	}
	return list
}

func refsOf(snapshots []*snapshot) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, each := range snapshots {
		refs = append(refs, each.Self)
	}
	return refs
}

// The properties that tell of snapshots; a machine without any has none of them.
func (m *machine) tree() []types.PropertyChange {
	for _, each := range m.snapshots {
		each.ChildSnapshot = refsOf(m.childrenOf(each))
	}
	if len(m.snapshots) == 0 {
		return []types.PropertyChange{{Name: "snapshot"}, {Name: "rootSnapshot"}}
	}
	info := &types.VirtualMachineSnapshotInfo{RootSnapshotList: m.listOf(nil)}
	if m.current != nil {
		info.CurrentSnapshot = &m.current.Self
	}
	return []types.PropertyChange{{Name: "snapshot", Val: info}, {Name: "rootSnapshot", Val: refsOf(m.childrenOf(nil))}}
}

// “When [memory is] set to FALSE, the power state of the snapshot is set to powered off.”
// “If the virtual machine is powered off or VMware Tools are not available, the quiesce flag is ignored.”
func (m *machine) take(ctx *simulator.Context, name, description string, memory, quiesce bool) (types.AnyType, types.BaseMethodFault) {
	if m.current.levels() >= maxLevels {
		return nil, &types.TooManySnapshotLevels{}
	}
	m.lastID++
	taken := &snapshot{machine: m, parent: m.current, layers: map[int32]*layer{}}
	taken.Self = types.ManagedObjectReference{Type: "VirtualMachineSnapshot", Value: m.host.snapshotID(m, m.lastID)}
	taken.Vm = m.Self
	taken.Config = *copyOf(m.Config)
	taken.tree = types.VirtualMachineSnapshotTree{
		Snapshot:        taken.Self,
		Vm:              m.Self,
		Name:            name,
		Description:     description,
		Id:              m.lastID,
		CreateTime:      time.Now().UTC(),
		State:           types.VirtualMachinePowerStatePoweredOff,
		Quiesced:        quiesce && m.isOn() && m.hasTools(),
		ReplaySupported: types.NewBool(false),
	}
	if memory {
		taken.tree.State = m.Runtime.PowerState
	}
	for _, each := range m.disks {
		if !each.independent {
			taken.layers[each.key] = each.top
			m.standOn(each, each.top)
		}
	}
	m.snapshots = append(m.snapshots, taken)
	m.current = taken
	m.host.registry.Put(taken)
	m.publish(ctx, copyOf(m.Config))
	return taken.Self, nil
}

// “Change the execution state of the virtual machine to the state of this snapshot”: the configuration is part of it.
// “If [suppressPowerOn is] set to true, the virtual machine will not be powered on regardless of the power state when the snapshot was created”:
// with the memory that is brought back it is suspended then.
func (s *snapshot) revert(ctx *simulator.Context, suppressPowerOn bool) {
	m := s.machine
	config := copyOf(&s.Config)
	// These are not the machine's state but what it is known by and where it lives.
	config.Name, config.Files, config.Uuid, config.InstanceUuid, config.Template = m.Config.Name, m.Config.Files, m.Config.Uuid, m.Config.InstanceUuid, m.Config.Template
	before := m.disks
	m.disks = nil
	for _, device := range disksOf(config.Hardware.Device) {
		place := slices.IndexFunc(before, func(each *disk) bool { return each.key == device.Key })
		if below := s.layers[device.Key]; below != nil {
			back := &disk{key: device.Key}
			if place >= 0 {
				back.top = before[place].top // Its file's name is taken until the new one is there.
			}
			m.disks = append(m.disks, back)
			m.standOn(back, below)
		} else if place >= 0 {
			m.disks = append(m.disks, before[place])
		}
	}
	m.current = s
	state := s.tree.State
	if suppressPowerOn && state == types.VirtualMachinePowerStatePoweredOn {
		state = types.VirtualMachinePowerStateSuspended
	}
	m.setPower(ctx, state)
	m.publish(ctx, config)
}

// Removes snapshots: what stood on one stands on the one below, and so does the machine.
func (m *machine) remove(ctx *simulator.Context, doomed []*snapshot, consolidate bool) {
	for _, each := range doomed {
		for _, child := range m.childrenOf(each) {
			child.parent = each.parent
		}
		if m.current == each {
			m.current = each.parent
		}
		m.snapshots = slices.DeleteFunc(m.snapshots, func(other *snapshot) bool { return other == each })
		m.host.registry.Remove(ctx, each.Self)
	}
	if consolidate {
		m.consolidate()
	}
	m.publish(ctx, copyOf(m.Config))
}

func (m *machine) below(s *snapshot) []*snapshot {
	found := []*snapshot{s}
	for _, child := range m.childrenOf(s) {
		found = append(found, m.below(child)...)
	}
	return found
}

func (s *snapshot) RevertToSnapshotTask(_ *simulator.Context, req *types.RevertToSnapshot_Task) soap.HasFault {
	task, fault := s.machine.run("revertToSnapshot", s, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		s.revert(ctx, isTrue(req.SuppressPowerOn))
		return nil, nil
	})
	if fault != nil {
		return &methods.RevertToSnapshot_TaskBody{Fault_: fault}
	}
	return &methods.RevertToSnapshot_TaskBody{Res: &types.RevertToSnapshot_TaskResponse{Returnval: task}}
}

// “removeChildren: flag to specify removal of the entire snapshot subtree.”
// “consolidate: if set to true, the virtual disk associated with this snapshot will be merged with other disk if possible. Defaults to true.”
func (s *snapshot) RemoveSnapshotTask(_ *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	task, fault := s.machine.run("removeSnapshot", s, func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
		doomed := []*snapshot{s}
		if req.RemoveChildren {
			doomed = s.machine.below(s)
		}
		slices.Reverse(doomed) // Children first.
		s.machine.remove(ctx, doomed, s.machine.host.consolidates(req.Consolidate))
		return nil, nil
	})
	if fault != nil {
		return &methods.RemoveSnapshot_TaskBody{Fault_: fault}
	}
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: task}}
}

// “Rename this snapshot with either a new name or a new description or both.” Each is optional.
func (s *snapshot) RenameSnapshot(_ *simulator.Context, req *types.RenameSnapshot) soap.HasFault {
	s.machine.alone(func(ctx *simulator.Context) {
		if req.Name != "" {
			s.tree.Name = req.Name
		}
		if req.Description != "" {
			s.tree.Description = strings.TrimSuffix(req.Description, emptyText)
		}
		ctx.Update(s.machine, s.machine.tree())
	})
	return &methods.RenameSnapshotBody{Res: &types.RenameSnapshotResponse{}}
}

func isTrue(flag *bool) bool {
	return flag != nil && *flag
}

// Snapshots are called as each kind of host calls them.
func (h *host) snapshotID(m *machine, id int32) string {
	if h.registry.IsESX() {
		return fmt.Sprintf("%s-snapshot-%d", m.Self.Value, id)
	}
	return fmt.Sprintf("snapshot-%d", h.lastSnapshot.Add(1))
}
