package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type work func(*simulator.Context) (types.AnyType, types.BaseMethodFault)

// What is to go wrong at the next call of a method, by its name: each is for one call.
type trouble struct {
	sync.Mutex
	faults map[string]types.BaseMethodFault
	delays map[string]time.Duration
	// The next removal leaves the disks as they are.
	leavesDisks bool
}

func (t *trouble) fault(method string) types.BaseMethodFault {
	t.Lock()
	defer t.Unlock()
	found := t.faults[method]
	delete(t.faults, method)
	return found
}

func (t *trouble) delay(method string) time.Duration {
	t.Lock()
	defer t.Unlock()
	found := t.delays[method]
	delete(t.delays, method)
	return found
}

// Whether a removal merges disks: unless the caller says otherwise, or a test has said that the host can't.
func (h *host) consolidates(asked *bool) bool {
	h.trouble.Lock()
	defer h.trouble.Unlock()
	leaves := h.trouble.leavesDisks
	h.trouble.leavesDisks = false
	return !leaves && (asked == nil || *asked)
}

// Runs for every call before anything else. What goes wrong with a task goes wrong when the task runs.
func (h *host) before(_ *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	h.calls.Add(1)
	if strings.HasSuffix(method.Name, "_Task") {
		return nil, nil
	}
	time.Sleep(h.trouble.delay(method.Name))
	return nil, h.trouble.fault(method.Name)
}

func (h *host) context() *simulator.Context {
	return &simulator.Context{Context: context.Background(), Map: h.registry, Session: h.session}
}

// Does something while nobody else does anything to the machine or reads it.
func (m *machine) alone(do func(*simulator.Context)) {
	ctx := m.host.context()
	ctx.WithLock(m, func() { do(ctx) })
}

// Starts a task of the machine's. “TaskInProgress: if the virtual machine is busy.” The one that is cancelled before it begins its work does nothing.
func (m *machine) run(method string, of *snapshot, do work) (types.ManagedObjectReference, *soap.Fault) {
	name := strings.ToUpper(method[:1]) + method[1:] + "_Task"
	task := simulator.CreateTask(m.Self, method, nil)
	task.Self = types.ManagedObjectReference{Type: "Task", Value: fmt.Sprintf("task-%d", m.host.lastTask.Add(1))}
	task.Info.Key, task.Info.Task, task.Info.Name = task.Self.Value, task.Self, name
	task.Info.EntityName, task.Info.Cancelable = m.Name, true
	if of != nil {
		task.Info.DescriptionId = "VirtualMachineSnapshot." + method
	}
	if !m.busy.CompareAndSwap(nil, &task.Self) {
		return task.Self, simulator.Fault("", &types.TaskInProgress{Task: *m.busy.Load()})
	}
	now := time.Now()
	task.Info.StartTime, task.Info.State = &now, types.TaskInfoStateRunning
	m.host.registry.Put(task)
	go m.finish(task, name, do)
	return task.Self, nil
}

func (m *machine) finish(task *simulator.Task, name string, do work) {
	ctx := m.host.context()
	m.host.progress(ctx, task, m.host.trouble.delay(name))
	result, fault := types.AnyType(nil), m.host.trouble.fault(name)
	ctx.WithLock(m, func() {
		cancelled := false
		ctx.WithLock(task, func() { cancelled = task.Info.Cancelled })
		if !cancelled && fault == nil {
			result, fault = do(ctx)
		}
	})
	m.busy.Store(nil)
	changes := []types.PropertyChange{
		{Name: "info.completeTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateSuccess},
		{Name: "info.result", Val: result},
	}
	if fault != nil {
		message := reflect.TypeOf(fault).Elem().Name()
		changes[1].Val = types.TaskInfoStateError
		changes[2] = types.PropertyChange{Name: "info.error", Val: types.LocalizedMethodFault{Fault: fault, LocalizedMessage: message}}
	}
	ctx.WithLock(task, func() {
		if task.Info.State == types.TaskInfoStateRunning {
			ctx.Update(task, changes)
		}
	})
}

// A task that takes long says how far it is, until it is cancelled.
func (h *host) progress(ctx *simulator.Context, task *simulator.Task, delay time.Duration) {
	if delay == 0 {
		return
	}
	told := int32(-1)
	for since := time.Now(); time.Since(since) < delay; time.Sleep(2 * time.Millisecond) {
		done := int32(10*time.Since(since)/delay) * 10
		running := true
		ctx.WithLock(task, func() {
			running = task.Info.State == types.TaskInfoStateRunning
			if running && done != told {
				ctx.Update(task, []types.PropertyChange{{Name: "info.progress", Val: done}})
			}
		})
		if !running {
			return
		}
		told = done
	}
}
