package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// The host behind the API: what tests do to it goes past every session.
type host struct {
	registry *simulator.Registry
	session  *simulator.Session
	client   *vim25.Client
	// The simulator as it is published.
	plain        bool
	trouble      trouble
	calls        atomic.Int64
	lastTask     atomic.Int64
	lastSnapshot atomic.Int64
	savings      sync.Mutex
	saved        []*saved
}

func newHost(service *simulator.Service, plain bool) (*host, error) {
	client, err := vim25.NewClient(context.Background(), service)
	if err != nil {
		return nil, err
	}
	h := &host{registry: service.Context.Map, session: service.Context.Session, client: client, plain: plain}
	h.lastTask.Store(1_000_000) // The simulator counts its own from 1.
	h.trouble.faults = map[string]types.BaseMethodFault{}
	h.trouble.delays = map[string]time.Duration{}
	h.registry.Handler = h.before
	return h, nil
}

func (h *host) createMachines(count int) error {
	for number := range count {
		if err := h.createMachine("", machineSpec(fmt.Sprintf("vm-%d", number), "scsi", 1)); err != nil {
			return err
		}
	}
	return nil
}

// A machine that is switched off. Without a folder it is in that of all machines of the first datacenter.
func (h *host) createMachine(folder string, spec types.VirtualMachineConfigSpec) error {
	ctx := context.Background()
	finder := find.NewFinder(h.client)
	datacenters, err := finder.DatacenterList(ctx, "*")
	if err != nil {
		return err
	}
	finder.SetDatacenter(datacenters[0])
	if folder == "" {
		folder = datacenters[0].InventoryPath + "/vm"
	}
	place, err := finder.Folder(ctx, folder)
	if err != nil {
		return err
	}
	pools, err := finder.ResourcePoolList(ctx, "*")
	if err != nil {
		return err
	}
	task, err := place.CreateVM(ctx, spec, pools[0], nil)
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(ctx)
	if err != nil || h.plain {
		return err
	}
	m := newMachine(h, h.registry.Get(info.Result.(types.ManagedObjectReference)).(*simulator.VirtualMachine))
	h.registry.Put(m)
	m.alone(func(ctx *simulator.Context) { m.publish(ctx, copyOf(m.Config)) })
	return nil
}

func machineSpec(name, bus string, disks int) types.VirtualMachineConfigSpec {
	spec := types.VirtualMachineConfigSpec{
		Name:    name,
		GuestId: string(types.VirtualMachineGuestOsIdentifierOtherGuest64),
		Files:   &types.VirtualMachineFileInfo{VmPathName: "[LocalDS_0]"},
	}
	var devices object.VirtualDeviceList
	controller, _ := devices.CreateSCSIController("pvscsi")
	if bus == "nvme" {
		controller, _ = devices.CreateNVMEController()
	}
	devices = append(devices, controller)
	for range disks {
		disk := devices.CreateDisk(controller.(types.BaseVirtualController), types.ManagedObjectReference{}, "")
		disk.CapacityInBytes = diskBytes
		disk.CapacityInKB = diskBytes / 1024
		devices = append(devices, disk)
	}
	spec.DeviceChange, _ = devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return spec
}

// A machine by its name or its managed object id.
func (h *host) machine(name string) (*machine, error) {
	for _, each := range h.registry.All("VirtualMachine") {
		if m, ok := each.(*machine); ok && (m.Self.Value == name || m.Name == name) {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no machine %s", name)
}

// Switched off and gone, with all that it has.
func (h *host) destroyMachine(name string) error {
	m, err := h.machine(name)
	if err != nil {
		return err
	}
	m.alone(func(ctx *simulator.Context) { m.setPower(ctx, types.VirtualMachinePowerStatePoweredOff) })
	task, err := object.NewVirtualMachine(h.client, m.Self).Destroy(context.Background())
	if err != nil {
		return err
	}
	return task.Wait(context.Background())
}

func (m *machine) setTools(ctx *simulator.Context, running bool) {
	status := types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
	if running {
		status = types.VirtualMachineToolsRunningStatusGuestToolsRunning
	}
	ctx.Update(m, []types.PropertyChange{{Name: "guest.toolsRunningStatus", Val: string(status)}})
}

func (h *host) expireSessions() {
	// A session's own view of the manager lists all sessions.
	session := &simulator.Session{Registry: simulator.NewRegistry(), Map: h.registry}
	view := session.Get(h.registry.SessionManager().Reference()).(*simulator.SessionManager)
	for _, each := range view.SessionList {
		view.TerminateSession(&simulator.Context{Session: session, Map: h.registry}, &types.TerminateSession{SessionId: []string{each.Key}})
	}
}
