"""Pulumi components: they only wire. Names and ports come from heddle.topology, files from heddle.render."""
