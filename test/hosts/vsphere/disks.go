package main

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	slots     = 8
	slotBytes = 64 * 1024
	diskBytes = slots * slotBytes
	// What a delta takes that holds nothing.
	deltaBytes = 4 * 1024
)

// A file of a disk's chain. What it holds is known by the slot: a character for each, “.” for zeros.
type layer struct {
	file     string
	parent   *layer
	contents []byte
	written  [slots]bool
}

func newLayer(file string, parent *layer) *layer {
	contents := bytes.Repeat([]byte{'.'}, slots)
	if parent != nil {
		contents = bytes.Clone(parent.contents)
	}
	return &layer{file: file, parent: parent, contents: contents}
}

func (l *layer) write(slot int, character byte) {
	l.contents[slot] = character
	l.written[slot] = true
}

// The bytes that the file takes: all of them for the disk itself, and what was written for a delta.
func (l *layer) size() int64 {
	if l.parent == nil {
		return diskBytes
	}
	size := int64(deltaBytes)
	for _, written := range l.written {
		if written {
			size += slotBytes
		}
	}
	return size
}

// From the file itself down to the disk's own.
func (l *layer) chain() []*layer {
	var found []*layer
	for each := l; each != nil; each = each.parent {
		found = append(found, each)
	}
	return found
}

// The contents of a disk, and the files that the machine's snapshots have of it.
type disk struct {
	key         int32
	independent bool
	top         *layer
}

// vda, vdb, …, by the order of the disks.
func target(place int) string {
	return fmt.Sprintf("vd%c", 'a'+place)
}

// A layer that nothing begins with: what remains of a snapshot that was removed.
type leftOver struct {
	layer *layer
	above *layer
}

// The left-overs whose bytes can move into the one file that stands on each. One on which several stand remains, as any disk that is shared.
func (m *machine) mergeable(key int32) []leftOver {
	heads := m.heads(key)
	above := map[*layer][]*layer{}
	var all []*layer
	for _, head := range heads {
		for _, each := range head.chain() {
			if slices.Contains(all, each) {
				continue
			}
			all = append(all, each)
			if each.parent != nil {
				above[each.parent] = append(above[each.parent], each)
			}
		}
	}
	var found []leftOver
	for _, each := range all {
		if len(above[each]) == 1 && !slices.Contains(heads, each) {
			found = append(found, leftOver{layer: each, above: above[each][0]})
		}
	}
	return found
}

// The layers that the machine and its snapshots see a disk through.
func (m *machine) heads(key int32) []*layer {
	var found []*layer
	for _, each := range m.disks {
		if each.key == key {
			found = append(found, each.top)
		}
	}
	for _, each := range m.snapshots {
		if layer := each.layers[key]; layer != nil {
			found = append(found, layer)
		}
	}
	return found
}

func (m *machine) needsConsolidation() bool {
	return slices.ContainsFunc(m.disks, func(each *disk) bool { return len(m.mergeable(each.key)) > 0 })
}

// Merges what can be merged: the file below takes what the one above holds, and the one above goes.
func (m *machine) consolidate() {
	for _, each := range m.disks {
		for found := m.mergeable(each.key); len(found) > 0; found = m.mergeable(each.key) {
			m.merge(each.key, found[0])
		}
	}
}

func (m *machine) merge(key int32, left leftOver) {
	left.layer.contents = left.above.contents
	for slot, written := range left.above.written {
		left.layer.written[slot] = left.layer.written[slot] || written
	}
	for _, head := range m.heads(key) {
		for _, each := range head.chain() {
			if each.parent == left.above {
				each.parent = left.layer
			}
		}
	}
	for _, each := range m.disks {
		if each.key == key && each.top == left.above {
			each.top = left.layer
		}
	}
	for _, each := range m.snapshots {
		if each.layers[key] == left.above {
			each.layers[key] = left.layer
		}
	}
}

// The file of a new delta: the first number that none of the disk's files has.
func (m *machine) deltaFile(key int32, base string) string {
	used := map[string]bool{}
	for _, head := range m.heads(key) {
		for _, each := range head.chain() {
			used[each.file] = true
		}
	}
	stem := base[:len(base)-len(".vmdk")]
	for number := 1; ; number++ {
		if file := fmt.Sprintf("%s-%06d.vmdk", stem, number); !used[file] {
			return file
		}
	}
}

// Puts a new delta on a layer, for the machine to write to.
func (m *machine) standOn(each *disk, below *layer) {
	chain := below.chain()
	each.top = newLayer(m.deltaFile(each.key, chain[len(chain)-1].file), below)
}
