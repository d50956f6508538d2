"""Read and write a stack's state on disk, in Pulumi's own file backend, without an engine."""
