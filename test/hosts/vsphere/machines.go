package main

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// The host behind the API: what tests do to it goes past every session.
type host struct {
	service *simulator.Service
	client  *vim25.Client
}

func newHost(service *simulator.Service) (*host, error) {
	client, err := vim25.NewClient(context.Background(), service)
	if err != nil {
		return nil, err
	}
	return &host{service: service, client: client}, nil
}

func (h *host) createMachines(count int) error {
	for number := range count {
		if err := h.createMachine(fmt.Sprintf("vm-%d", number), 1); err != nil {
			return err
		}
	}
	return nil
}

// A machine that is switched off, in the folder of machines of the first datacenter.
func (h *host) createMachine(name string, disks int) error {
	ctx := context.Background()
	finder := find.NewFinder(h.client)
	datacenters, err := finder.DatacenterList(ctx, "*")
	if err != nil {
		return err
	}
	folders, err := datacenters[0].Folders(ctx)
	if err != nil {
		return err
	}
	finder.SetDatacenter(datacenters[0])
	pools, err := finder.ResourcePoolList(ctx, "*")
	if err != nil {
		return err
	}
	task, err := folders.VmFolder.CreateVM(ctx, machineSpec(name, disks), pools[0], nil)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}

func (h *host) destroyMachine(name string) error {
	ctx := context.Background()
	machine, err := find.NewFinder(h.client).VirtualMachine(ctx, "/*/vm/"+name)
	if err != nil {
		return err
	}
	task, err := machine.Destroy(ctx)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}

const diskBytes = 512 * 1024

func machineSpec(name string, disks int) types.VirtualMachineConfigSpec {
	spec := types.VirtualMachineConfigSpec{
		Name:    name,
		GuestId: string(types.VirtualMachineGuestOsIdentifierOtherGuest64),
		Files:   &types.VirtualMachineFileInfo{VmPathName: "[LocalDS_0]"},
	}
	var devices object.VirtualDeviceList
	controller, _ := devices.CreateSCSIController("pvscsi")
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
