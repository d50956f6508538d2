"""Heddle's provider as a plugin of Pulumi's CLI."""

from heddle.plugin.server import serve
from heddle.provider import create_provider
from heddle.versions import HEDDLE

serve(create_provider, version=HEDDLE)
