package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What only tests can do, over a socket of their own. A machine is meant by its name or its managed object id:
//
//	POST   /machine?name=NAME&disks=2&bus=nvme&folder=/DC0/vm/PATH   a new machine, switched off; its disks are on nvme or scsi
//	DELETE /machine?vm=VM
//	PUT    /disk?vm=VM&target=vda&slot=1&char=a             the guest writes; it runs for that if it does not
//	GET    /machine?vm=VM                                   what it is and what its files hold, as JSON
//	POST   /tools?vm=VM&running=true
//	POST   /fault?method=NAME_Task&fault=TYPE               the next such call fails; the body can have the fault's fields as JSON
//	POST   /delay?method=NAME_Task&ms=500                   the next such call takes longer, and says how far it is
//	POST   /leave-disks                                     the next removal of snapshots merges no disks
//	POST   /late?vm=VM                                      its layout is told as it was until it is refreshed
//	POST   /save?vm=VM                                      all of a machine; answers with a number for it
//	POST   /restore?vm=VM&saved=0                           the machine as it was
//	GET    /calls                                           how often the API was called
//	POST   /expire                                          every session ends
func (h *host) listen(socket string) (net.Listener, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request) (any, error){
		"POST /machine":     h.onCreate,
		"DELETE /machine":   func(r *http.Request) (any, error) { return nil, h.destroyMachine(r.FormValue("vm")) },
		"PUT /disk":         h.onWrite,
		"GET /machine":      h.onRead,
		"POST /tools":       h.onTools,
		"POST /fault":       h.onFault,
		"POST /delay":       h.onDelay,
		"POST /leave-disks": h.onLeaveDisks,
		"POST /save":        h.onSave,
		"POST /late":        h.onLate,
		"POST /restore":     h.onRestore,
		"GET /calls":        func(*http.Request) (any, error) { return h.calls.Load(), nil },
		"POST /expire":      func(*http.Request) (any, error) { h.expireSessions(); return nil, nil },
	} {
		mux.HandleFunc(pattern, answer(do))
	}
	go func() { _ = http.Serve(listener, mux) }()
	return listener, nil
}

func answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(said)
	}
}

func (h *host) onCreate(r *http.Request) (any, error) {
	disks, err := strconv.Atoi(r.FormValue("disks"))
	if err != nil {
		return nil, err
	}
	return nil, h.createMachine(r.FormValue("folder"), machineSpec(r.FormValue("name"), r.FormValue("bus"), disks))
}

func (h *host) onWrite(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	slot, err := strconv.Atoi(r.FormValue("slot"))
	if err != nil {
		return nil, err
	}
	character := r.FormValue("char")
	if len(character) != 1 {
		return nil, fmt.Errorf("a slot holds one character, not %q", character)
	}
	m.alone(func(ctx *simulator.Context) { err = m.write(ctx, r.FormValue("target"), slot, character[0]) })
	return nil, err
}

func (h *host) onRead(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	var told machineTold
	m.alone(func(*simulator.Context) { told = m.tell() })
	return told, nil
}

func (h *host) onTools(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	m.alone(func(ctx *simulator.Context) { m.setTools(ctx, r.FormValue("running") == "true") })
	return nil, nil
}

func (h *host) onFault(r *http.Request) (any, error) {
	name := r.FormValue("fault")
	kind, ok := types.TypeFunc()(name)
	if !ok {
		return nil, fmt.Errorf("no fault %s", name)
	}
	fault, ok := reflect.New(kind).Interface().(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("%s is no fault", name)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, fault); err != nil {
			return nil, err
		}
	}
	h.trouble.Lock()
	defer h.trouble.Unlock()
	h.trouble.faults[r.FormValue("method")] = fault
	return nil, nil
}

func (h *host) onDelay(r *http.Request) (any, error) {
	ms, err := strconv.Atoi(r.FormValue("ms"))
	if err != nil {
		return nil, err
	}
	h.trouble.Lock()
	defer h.trouble.Unlock()
	h.trouble.delays[r.FormValue("method")] = time.Duration(ms) * time.Millisecond
	return nil, nil
}

func (h *host) onLeaveDisks(*http.Request) (any, error) {
	h.trouble.Lock()
	defer h.trouble.Unlock()
	h.trouble.leavesDisks = true
	return nil, nil
}

func (h *host) onLate(r *http.Request) (any, error) {
	m, err := h.machine(r.FormValue("vm"))
	if err != nil {
		return nil, err
	}
	m.alone(func(*simulator.Context) { m.late = true })
	return nil, nil
}
