"""Name what a peer, its CouchDB and whoever asks that have to agree on."""

__all__ = ["PASSWORD_KEY", "PORT", "USER", "USERNAME_KEY"]

PORT = 5984
USER = "peer"
"""Administrator of a peer's database: nobody else uses it."""
USERNAME_KEY, PASSWORD_KEY = "username", "password"
"""Keys of a database's Secret."""
