// Command pause does nothing until it is told to stop: it holds a pod's namespaces (as the sandbox
// image) and a cluster's mount namespace (as a process of the machine). As process 1 of a pod with a
// shared process namespace it also reaps orphans.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err == nil && pid > 0 || err == syscall.EINTR {
				continue
			}
			break
		}
	}
}
