package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// folders provides a claim with a folder of the node's disk. The folder is open to everyone (0777),
// because a pod under the `restricted` level runs as a user that nobody knows in advance and may not
// change an owner; what keeps others out is the folder above it, which only root enters.
type folders struct {
	root string
	node string
}

// Provision makes the folder and describes it as a local volume of the node.
func (f *folders) Provision(_ context.Context, options controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	folder := filepath.Join(f.root, options.PVC.Namespace+"_"+options.PVC.Name+"_"+options.PVName)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// MkdirAll is subject to the umask.
	if err := os.Chmod(folder, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    options.PVC.Spec.VolumeMode,
			Capacity:                      core.ResourceList{core.ResourceStorage: options.PVC.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: folder}},
			NodeAffinity:                  onNode(f.node),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder of a released volume, and refuses any path but one of its own.
func (f *folders) Delete(_ context.Context, volume *core.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(filepath.Clean(volume.Spec.Local.Path)) != f.root {
		return fmt.Errorf("volume %s: not a folder directly in %s", volume.Name, f.root)
	}
	return os.RemoveAll(volume.Spec.Local.Path)
}

func onNode(name string) *core.VolumeNodeAffinity {
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{{
		MatchExpressions: []core.NodeSelectorRequirement{
			{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{name}},
		},
	}}}}
}

func newProvisionerCommand() *cobra.Command {
	var kubeconfig, name, metrics string
	var serve folders
	command := &cobra.Command{
		Use:   "provisioner",
		Short: "Provides claims of a StorageClass with folders of this node",
		RunE: func(*cobra.Command, []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			// The default of 5 requests a second would be felt by a dozen claims made at once.
			config.QPS, config.Burst = 100, 200
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			// One node, one provisioner: an election would only delay the first claim after a restart.
			options := []func(*controller.ProvisionController) error{controller.LeaderElection(false)}
			if host, port, ok := splitAddress(metrics); ok {
				options = append(options, controller.MetricsAddress(host), controller.MetricsPort(port))
			}
			ctx := genericserver.SetupSignalContext()
			controller.NewProvisionController(ctx, client, name, &serve, options...).Run(ctx)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&name, "name", "", "the provisioner's name in the StorageClass")
	flags.StringVar(&serve.root, "root", "", "the folder that holds the volumes")
	flags.StringVar(&serve.node, "node", "", "the node's name (its kubernetes.io/hostname label)")
	flags.StringVar(&metrics, "metrics-address", "", "address:port of the metrics; empty for none")
	return command
}

func splitAddress(address string) (string, int32, bool) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, false
	}
	port, err := strconv.ParseInt(text, 10, 32)
	return host, int32(port), err == nil
}
