"""Serve what cannot be had here: Pulumi's CLI (engine), a cluster (kubernetes), Fabric's nodes (fabric).

Nothing outside imports these parts but the command line and what builds images.
"""
