package main

// A machine as tests see it.
type machineTold struct {
	State      string         `json:"state"`
	Annotation string         `json:"annotation"`
	Current    string         `json:"current"`
	Disks      []diskTold     `json:"disks"`
	Snapshots  []snapshotTold `json:"snapshots"`
	// What each file of a disk's holds, with what it stands on: a character for each slot.
	Files map[string]string `json:"files"`
}

type diskTold struct {
	Target string `json:"target"`
	File   string `json:"file"`
}

type snapshotTold struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Parent string     `json:"parent"`
	Disks  []diskTold `json:"disks"`
}

func (m *machine) tell() machineTold {
	told := machineTold{
		State:      string(m.Runtime.PowerState),
		Annotation: m.Config.Annotation,
		Snapshots:  []snapshotTold{},
		Files:      map[string]string{},
	}
	if m.current != nil {
		told.Current = m.current.Self.Value
	}
	told.Disks = m.tellDisks(m.headOf, told.Files)
	for _, each := range m.snapshots {
		item := snapshotTold{ID: each.Self.Value, Name: each.tree.Name}
		if each.parent != nil {
			item.Parent = each.parent.Self.Value
		}
		item.Disks = m.tellDisks(func(key int32) *layer { return each.layers[key] }, told.Files)
		told.Snapshots = append(told.Snapshots, item)
	}
	return told
}

func (m *machine) tellDisks(head func(key int32) *layer, files map[string]string) []diskTold {
	told := []diskTold{}
	for place, each := range m.disks {
		top := head(each.key)
		if top == nil {
			continue
		}
		told = append(told, diskTold{Target: target(place), File: top.file})
		for _, layer := range top.chain() {
			files[layer.file] = string(layer.contents)
		}
	}
	return told
}
