"""Talk to Kubernetes: kubeconfig, objects, pods, Jobs, port-forward, logs."""
