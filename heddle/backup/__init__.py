"""Keep backups of an instance in a folder or a bucket: make, check and remove them."""
