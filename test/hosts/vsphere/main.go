// A vCenter or an ESX host for tests: govmomi's simulator over TLS on loopback, for one user, with machines whose disks hold bytes.
// It ends when its standard input is closed, or on a signal, and takes its folder along.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

type settings struct {
	kind     string
	folder   string
	user     string
	password string
	machines int
	session  string
	plain    bool
}

func main() {
	var given settings
	flag.StringVar(&given.kind, "kind", "vpx", "vpx or esx")
	flag.StringVar(&given.folder, "folder", "", "the folder of all that it has, removed at the end")
	flag.StringVar(&given.user, "user", "user", "who may log in")
	flag.IntVar(&given.machines, "machines", 0, "how many machines there are at first: vm-0, vm-1, …")
	flag.StringVar(&given.session, "session", "30m", "how long a session lives that is not used")
	flag.BoolVar(&given.plain, "plain", false, "the simulator as it is published")
	flag.Parse()
	given.password = os.Getenv("VSPHERE_PASSWORD")
	if err := run(given); err != nil {
		log.Fatal(err)
	}
}

func run(given settings) error {
	defer os.RemoveAll(given.folder)
	// The simulator keeps its datastores in the folder of temporary files.
	if err := os.Setenv("TMPDIR", given.folder); err != nil {
		return err
	}
	certificate, err := certify(filepath.Join(given.folder, "ca.pem"))
	if err != nil {
		return err
	}
	model := inventory(given)
	defer model.Remove()
	if err := model.Create(); err != nil {
		return err
	}
	service := model.Service
	service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(given.user, given.password)}
	service.TLS = certificate
	expireAfter(service.Context.Map, given.session)
	host, err := newHost(service, given.plain)
	if err != nil {
		return err
	}
	if err := host.createMachines(given.machines); err != nil {
		return err
	}
	server := service.NewServer()
	defer server.Close()
	if !given.plain {
		server.Config.Handler = tellingEmpty(server.Config.Handler)
	}
	control, err := host.listen(filepath.Join(given.folder, "control"))
	if err != nil {
		return err
	}
	defer control.Close()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"port": server.URL.Port()}); err != nil {
		return err
	}
	waitForEnd()
	return nil
}

// Machines are made by us: those of the model differ between a vCenter and an ESX host in more than their names.
func inventory(given settings) *simulator.Model {
	model := simulator.VPX()
	if given.kind == "esx" {
		model = simulator.ESX()
	}
	model.Machine = 0
	return model
}

func expireAfter(registry *simulator.Registry, duration string) {
	registry.OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
		&types.OptionValue{Key: "config.vmacore.soap.sessionTimeout", Value: duration},
	}})
}

func waitForEnd() {
	ended := make(chan os.Signal, 2)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended <- syscall.SIGTERM
	}()
	<-ended
}
