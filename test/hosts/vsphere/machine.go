package main

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A machine of the simulator, with the snapshots and the disks that the published API reference says it has. Whoever changes it holds its lock.
type machine struct {
	*simulator.VirtualMachine
	host *host
	// In order of their keys.
	disks []*disk
	// Parents first.
	snapshots []*snapshot
	current   *snapshot
	lastID    int32
	// How often it was powered on: each time vmware.log becomes vmware-N.log.
	starts int
	// The layout is told as it was until somebody asks for it to be refreshed.
	late bool
	// The task that is under way.
	busy atomic.Pointer[types.ManagedObjectReference]
}

func newMachine(h *host, vm *simulator.VirtualMachine) *machine {
	m := &machine{VirtualMachine: vm, host: h}
	m.findDisks()
	return m
}

// Knows the disks of the configuration: new ones hold zeros.
func (m *machine) findDisks() {
	known := m.disks
	m.disks = nil
	for _, device := range disksOf(m.Config.Hardware.Device) {
		backing, ok := device.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !ok {
			continue
		}
		place := slices.IndexFunc(known, func(each *disk) bool { return each.key == device.Key })
		found := &disk{key: device.Key, top: newLayer(backing.FileName, nil)}
		if place >= 0 {
			found = known[place]
		}
		found.independent = isIndependent(backing)
		m.disks = append(m.disks, found)
	}
}

func disksOf(devices []types.BaseVirtualDevice) []*types.VirtualDisk {
	var found []*types.VirtualDisk
	for _, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok {
			found = append(found, disk)
		}
	}
	slices.SortFunc(found, func(a, b *types.VirtualDisk) int { return int(a.Key - b.Key) })
	return found
}

// “VirtualDiskMode: independent_persistent: same as persistent, but not affected by snapshots.”
func isIndependent(backing *types.VirtualDiskFlatVer2BackingInfo) bool {
	return backing.DiskMode == string(types.VirtualDiskModeIndependent_persistent) ||
		backing.DiskMode == string(types.VirtualDiskModeIndependent_nonpersistent)
}

// A copy that later changes do not reach.
func copyOf(config *types.VirtualMachineConfigInfo) *types.VirtualMachineConfigInfo {
	copied := *config
	copied.ExtraConfig = slices.Clone(config.ExtraConfig)
	copied.Hardware.Device = slices.Clone(config.Hardware.Device)
	return &copied
}

// The devices with their disks on these layers: “the datastore paths for the virtual machine disks point to the head of the disk chain” of that time.
func withDisks(devices []types.BaseVirtualDevice, head func(key int32) *layer) []types.BaseVirtualDevice {
	made := make([]types.BaseVirtualDevice, 0, len(devices))
	for _, device := range devices {
		if disk, ok := device.(*types.VirtualDisk); ok {
			if top := head(disk.Key); top != nil {
				copied := *disk
				copied.Backing = backingOf(*disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo), top)
				device = &copied
			}
		}
		made = append(made, device)
	}
	return made
}

func backingOf(like types.VirtualDiskFlatVer2BackingInfo, top *layer) *types.VirtualDiskFlatVer2BackingInfo {
	like.FileName = top.file
	like.Parent = nil
	if top.parent != nil {
		like.Parent = backingOf(like, top.parent)
	}
	return &like
}

func (m *machine) headOf(key int32) *layer {
	for _, each := range m.disks {
		if each.key == key {
			return each.top
		}
	}
	return nil
}

// What every change of the machine's files brings: another version of the configuration, disks on other files, another layout, other snapshots.
func (m *machine) publish(ctx *simulator.Context, config *types.VirtualMachineConfigInfo) {
	now := time.Now().UTC()
	layout := m.layout()
	if m.late {
		layout = m.LayoutEx
	}
	config.Hardware.Device = withDisks(config.Hardware.Device, m.headOf)
	config.Modified = now
	config.ChangeVersion = now.Format("2006-01-02T15:04:05.000000000Z")
	changes := []types.PropertyChange{
		{Name: "config", Val: config},
		{Name: "summary.config.annotation", Val: config.Annotation},
		{Name: "summary.config.memorySizeMB", Val: config.Hardware.MemoryMB},
		{Name: "summary.config.numCpu", Val: config.Hardware.NumCPU},
		{Name: "layoutEx", Val: layout},
		{Name: "runtime.consolidationNeeded", Val: m.needsConsolidation()},
	}
	ctx.Update(m, append(changes, m.tree()...))
	for _, each := range m.snapshots {
		each.Config.Hardware.Device = withDisks(each.Config.Hardware.Device, func(key int32) *layer { return each.layers[key] })
	}
}

func (m *machine) setPower(ctx *simulator.Context, state types.VirtualMachinePowerState) {
	changes := []types.PropertyChange{
		{Name: "runtime.powerState", Val: state},
		{Name: "summary.runtime.powerState", Val: state},
	}
	if state == types.VirtualMachinePowerStatePoweredOn {
		m.starts++
		changes = append(changes, types.PropertyChange{Name: "runtime.bootTime", Val: time.Now()})
	}
	ctx.Update(m, changes)
}

func (m *machine) isOn() bool {
	return m.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

func (m *machine) hasTools() bool {
	return m.Guest != nil && m.Guest.ToolsRunningStatus == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
}

// A guest writes while it runs: a machine that is off is switched on for it, and off again.
func (m *machine) write(ctx *simulator.Context, target string, slot int, character byte) error {
	place := int(target[len(target)-1]) - 'a'
	if len(target) != 3 || place < 0 || place >= len(m.disks) || slot < 0 || slot >= slots {
		return fmt.Errorf("%s has no slot %d of %s", m.Name, slot, target)
	}
	before := m.Runtime.PowerState
	if before != types.VirtualMachinePowerStatePoweredOn {
		m.setPower(ctx, types.VirtualMachinePowerStatePoweredOn)
	}
	m.disks[place].top.write(slot, character)
	if before != types.VirtualMachinePowerStatePoweredOn {
		m.setPower(ctx, before)
	}
	m.publish(ctx, copyOf(m.Config))
	return nil
}
