"""Run Kubernetes clusters of one node on this machine (DESIGN, decision 17).

Real Kubernetes: the upstream components built from their Go modules into one program, run by pid files
beside the machine's containerd, runc and CNI plugins. Each named cluster has a network namespace, a mount
namespace, a control group, an address block and a folder of its own, so that several stand side by side and
removing one leaves nothing.

`up.py` and `down.py` are the two stories; the other files are their parts, one subject each.
"""
