package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// How many logs of earlier starts a machine keeps.
const keptLogs = 10

type layout struct {
	types.VirtualMachineFileLayoutEx
	folder string
}

// The machine's files as VirtualMachineFileLayoutEx tells them.
func (m *machine) layout() *types.VirtualMachineFileLayoutEx {
	made := &layout{folder: path.Dir(m.Config.Files.VmPathName)}
	made.Timestamp = time.Now()
	made.add(m.Config.Files.VmPathName, types.VirtualMachineFileLayoutExFileTypeConfig, 3000)
	stem := strings.TrimSuffix(path.Base(m.Config.Files.VmPathName), ".vmx")
	// Firmware makes its variables when it runs for the first time.
	if m.starts > 0 {
		made.addHere(stem+".nvram", types.VirtualMachineFileLayoutExFileTypeNvram, 8684)
	}
	made.addHere(stem+".vmsd", types.VirtualMachineFileLayoutExFileTypeSnapshotList, int64(100*len(m.snapshots)))
	for _, each := range m.disks {
		made.Disk = append(made.Disk, made.disk(each.key, each.top))
	}
	for _, each := range m.snapshots {
		made.Snapshot = append(made.Snapshot, made.snapshot(stem, each))
	}
	made.logs(m.starts)
	switch m.Runtime.PowerState {
	case types.VirtualMachinePowerStatePoweredOn:
		made.addHere(stem+".vswp", types.VirtualMachineFileLayoutExFileTypeSwap, int64(m.Config.Hardware.MemoryMB)<<20)
	case types.VirtualMachinePowerStateSuspended:
		made.addHere(stem+".vmss", types.VirtualMachineFileLayoutExFileTypeSuspend, 20000)
		made.addHere(stem+".vmem", types.VirtualMachineFileLayoutExFileTypeSuspendMemory, int64(m.Config.Hardware.MemoryMB)<<20)
	}
	return &made.VirtualMachineFileLayoutEx
}

func (l *layout) logs(starts int) {
	for number := max(1, starts-keptLogs); number < starts; number++ {
		l.addHere(fmt.Sprintf("vmware-%d.log", number), types.VirtualMachineFileLayoutExFileTypeLog, 200000)
	}
	if starts > 0 {
		l.addHere("vmware.log", types.VirtualMachineFileLayoutExFileTypeLog, 200000)
	}
}

// The chain begins with the file of the disk itself.
func (l *layout) disk(key int32, top *layer) types.VirtualMachineFileLayoutExDiskLayout {
	found := types.VirtualMachineFileLayoutExDiskLayout{Key: key}
	chain := top.chain()
	slices.Reverse(chain)
	for _, each := range chain {
		descriptor := l.add(each.file, types.VirtualMachineFileLayoutExFileTypeDiskDescriptor, 500)
		extent := l.add(extentOf(each), types.VirtualMachineFileLayoutExFileTypeDiskExtent, each.size())
		found.Chain = append(found.Chain, types.VirtualMachineFileLayoutExDiskUnit{FileKey: []int32{descriptor, extent}})
	}
	return found
}

func extentOf(each *layer) string {
	suffix := "-delta.vmdk"
	if each.parent == nil {
		suffix = "-flat.vmdk"
	}
	return strings.TrimSuffix(each.file, ".vmdk") + suffix
}

func (l *layout) snapshot(stem string, each *snapshot) types.VirtualMachineFileLayoutExSnapshotLayout {
	data := l.addHere(fmt.Sprintf("%s-Snapshot%d.vmsn", stem, each.tree.Id), types.VirtualMachineFileLayoutExFileTypeSnapshotData, 30000)
	found := types.VirtualMachineFileLayoutExSnapshotLayout{Key: each.Self, DataKey: data, MemoryKey: -1}
	if each.tree.State != types.VirtualMachinePowerStatePoweredOff {
		memory := fmt.Sprintf("%s-Snapshot%d.vmem", stem, each.tree.Id)
		found.MemoryKey = l.addHere(memory, types.VirtualMachineFileLayoutExFileTypeSnapshotMemory, int64(each.Config.Hardware.MemoryMB)<<20)
	}
	for _, device := range disksOf(each.Config.Hardware.Device) {
		if layer := each.layers[device.Key]; layer != nil {
			found.Disk = append(found.Disk, l.disk(device.Key, layer))
		}
	}
	return found
}

func (l *layout) addHere(name string, kind types.VirtualMachineFileLayoutExFileType, size int64) int32 {
	return l.add(l.folder+"/"+name, kind, size)
}

// A file that is there already has its key.
func (l *layout) add(name string, kind types.VirtualMachineFileLayoutExFileType, size int64) int32 {
	for _, each := range l.File {
		if each.Name == name {
			return each.Key
		}
	}
	key := int32(len(l.File))
	l.File = append(l.File, types.VirtualMachineFileLayoutExFileInfo{
		Key:        key,
		Name:       name,
		Type:       string(kind),
		Size:       size,
		UniqueSize: size,
		Accessible: types.NewBool(true),
	})
	return key
}
