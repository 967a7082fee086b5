package main

import (
	"net"
	"net/http"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What only tests can do, over a socket of their own:
//
//	POST   /machine?name=NAME&disks=2   a new machine, switched off
//	DELETE /machine?name=NAME
//	POST   /expire                      every session ends
func (h *host) listen(socket string) (net.Listener, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /machine", answer(func(r *http.Request) error {
		disks, err := strconv.Atoi(r.FormValue("disks"))
		if err != nil {
			return err
		}
		return h.createMachine(r.FormValue("name"), disks)
	}))
	mux.HandleFunc("DELETE /machine", answer(func(r *http.Request) error {
		return h.destroyMachine(r.FormValue("name"))
	}))
	mux.HandleFunc("POST /expire", answer(func(*http.Request) error {
		h.expireSessions()
		return nil
	}))
	go func() { _ = http.Serve(listener, mux) }()
	return listener, nil
}

func answer(work func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := work(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}
}

func (h *host) expireSessions() {
	registry := h.service.Context.Map
	// A session's own view of the manager lists all sessions.
	session := &simulator.Session{Registry: simulator.NewRegistry(), Map: registry}
	view := session.Get(registry.SessionManager().Reference()).(*simulator.SessionManager)
	for _, each := range view.SessionList {
		view.TerminateSession(&simulator.Context{Session: session, Map: registry}, &types.TerminateSession{SessionId: []string{each.Key}})
	}
}
