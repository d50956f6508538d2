// Writes how Kubernetes' own Go types turn a manifest into its normal form: which fields exist, which are
// left out when empty, which are quantities. heddle/embedded/engine/kubernetes/normal.py reads the table.
//
// Run from this folder, outside any other Go module:
//
//	go mod init types && go get k8s.io/api@v0.35.2 && go run generate.go > ../types.json
//
//go:build ignore

package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var kinds = map[string]any{
	"v1/ConfigMap":                                 core.ConfigMap{},
	"v1/Secret":                                    core.Secret{},
	"v1/Namespace":                                 core.Namespace{},
	"v1/Service":                                   core.Service{},
	"v1/ServiceAccount":                            core.ServiceAccount{},
	"v1/PersistentVolumeClaim":                     core.PersistentVolumeClaim{},
	"v1/PersistentVolume":                          core.PersistentVolume{},
	"v1/Pod":                                       core.Pod{},
	"v1/LimitRange":                                core.LimitRange{},
	"v1/ResourceQuota":                             core.ResourceQuota{},
	"apps/v1/Deployment":                           apps.Deployment{},
	"apps/v1/StatefulSet":                          apps.StatefulSet{},
	"apps/v1/DaemonSet":                            apps.DaemonSet{},
	"autoscaling/v2/HorizontalPodAutoscaler":       autoscaling.HorizontalPodAutoscaler{},
	"batch/v1/Job":                                 batch.Job{},
	"batch/v1/CronJob":                             batch.CronJob{},
	"networking.k8s.io/v1/NetworkPolicy":           networking.NetworkPolicy{},
	"networking.k8s.io/v1/Ingress":                 networking.Ingress{},
	"networking.k8s.io/v1/IngressClass":            networking.IngressClass{},
	"policy/v1/PodDisruptionBudget":                policy.PodDisruptionBudget{},
	"rbac.authorization.k8s.io/v1/Role":            rbac.Role{},
	"rbac.authorization.k8s.io/v1/RoleBinding":     rbac.RoleBinding{},
	"rbac.authorization.k8s.io/v1/ClusterRole":     rbac.ClusterRole{},
	"rbac.authorization.k8s.io/v1/ClusterRoleBinding": rbac.ClusterRoleBinding{},
	"scheduling.k8s.io/v1/PriorityClass":           scheduling.PriorityClass{},
	"storage.k8s.io/v1/StorageClass":               storage.StorageClass{},
}

var types = map[string]map[string]string{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	group := parts[len(parts)-2]
	return group + "." + t.Name()
}

func fields(t reflect.Type, into map[string]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if tag[0] == "" && f.Anonymous {
			fields(f.Type, into)
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		omit := ""
		for _, o := range tag[1:] {
			if o == "omitempty" {
				omit = "?"
			}
		}
		into[tag[0]] = omit + code(f.Type)
	}
}

func code(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return "quantity"
	case reflect.TypeFor[intstr.IntOrString]():
		return "intOrString"
	case reflect.TypeFor[meta.Time](), reflect.TypeFor[meta.MicroTime]():
		return "time"
	case reflect.TypeFor[meta.FieldsV1]():
		return "any"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + code(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + code(t.Elem())
	case reflect.Map:
		return "{}" + code(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8:
		return "int"
	case reflect.Float64, reflect.Float32:
		return "float"
	case reflect.Struct:
		n := name(t)
		if _, seen := types[n]; !seen {
			types[n] = map[string]string{}
			fields(t, types[n])
		}
		return n
	}
	panic(t.String())
}

func main() {
	roots := map[string]string{}
	for kind, example := range kinds {
		roots[kind] = code(reflect.TypeOf(example))
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(map[string]any{"kinds": roots, "types": types}); err != nil {
		panic(err)
	}
}
