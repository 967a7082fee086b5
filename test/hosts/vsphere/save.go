package main

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A machine as it was: what a test that kills things goes back to.
type saved struct {
	disks     []*disk
	snapshots []*snapshot
	current   *snapshot
	starts    int
	config    *types.VirtualMachineConfigInfo
	power     types.VirtualMachinePowerState
}

// Copies that nothing reaches which is done to the originals: what stands on one layer stands on one again.
type copier struct {
	layers    map[*layer]*layer
	snapshots map[*snapshot]*snapshot
}

func (c copier) layer(original *layer) *layer {
	if original == nil || c.layers[original] != nil {
		return c.layers[original]
	}
	copied := *original
	copied.contents = append([]byte(nil), original.contents...)
	copied.parent = c.layer(original.parent)
	c.layers[original] = &copied
	return &copied
}

func (c copier) snapshot(original *snapshot) *snapshot {
	if original == nil || c.snapshots[original] != nil {
		return c.snapshots[original]
	}
	made := &snapshot{
		VirtualMachineSnapshot: original.VirtualMachineSnapshot,
		machine:                original.machine,
		parent:                 c.snapshot(original.parent),
		tree:                   original.tree,
		layers:                 maps.Clone(original.layers),
	}
	made.Config = *copyOf(&original.Config)
	for key, each := range made.layers {
		made.layers[key] = c.layer(each)
	}
	c.snapshots[original] = made
	return made
}

func copied(disks []*disk, snapshots []*snapshot, current *snapshot) ([]*disk, []*snapshot, *snapshot) {
	c := copier{layers: map[*layer]*layer{}, snapshots: map[*snapshot]*snapshot{}}
	var madeDisks []*disk
	for _, each := range disks {
		made := *each
		made.top = c.layer(each.top)
		madeDisks = append(madeDisks, &made)
	}
	var madeSnapshots []*snapshot
	for _, each := range snapshots {
		madeSnapshots = append(madeSnapshots, c.snapshot(each))
	}
	return madeDisks, madeSnapshots, c.snapshot(current)
}

func (m *machine) save() *saved {
	found := &saved{starts: m.starts, config: copyOf(m.Config), power: m.Runtime.PowerState}
	found.disks, found.snapshots, found.current = copied(m.disks, m.snapshots, m.current)
	return found
}

// Snapshots have the ids again that they had.
func (m *machine) restore(ctx *simulator.Context, from *saved) {
	for _, each := range m.snapshots {
		m.host.registry.Remove(ctx, each.Self)
	}
	m.disks, m.snapshots, m.current = copied(from.disks, from.snapshots, from.current)
	for _, each := range m.snapshots {
		m.host.registry.Put(each)
	}
	m.setPower(ctx, from.power)
	m.starts = from.starts
	m.publish(ctx, copyOf(from.config))
}

func (h *host) onSave(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	h.savings.Lock()
	defer h.savings.Unlock()
	m.alone(func(*simulator.Context) { h.saved = append(h.saved, m.save()) })
	return len(h.saved) - 1, nil
}

func (h *host) onRestore(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(r.FormValue("saved"))
	h.savings.Lock()
	defer h.savings.Unlock()
	if err != nil || number < 0 || number >= len(h.saved) {
		return nil, fmt.Errorf("nothing was saved as %q", r.FormValue("saved"))
	}
	m.alone(func(ctx *simulator.Context) { m.restore(ctx, h.saved[number]) })
	return nil, nil
}
