"""Name what a peer, its CouchDB and whoever asks that have to agree on."""

__all__ = ["DATA_PATH", "METRICS_PATH", "PASSWORD_KEY", "PORT", "USER", "USERNAME_KEY"]

PORT = 5984
DATA_PATH = "/opt/couchdb/data"
"""Where its image has its volume."""
USER = "peer"
"""Administrator of a peer's database: its peer uses it, and Prometheus to read metrics."""
USERNAME_KEY, PASSWORD_KEY = "username", "password"
"""Keys of a database's Secret."""
METRICS_PATH = "/_node/_local/_prometheus"
"""Where a database tells its metrics, to an administrator (CouchDB 3.4, api/server/common.rst)."""
