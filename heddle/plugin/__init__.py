"""Speak Pulumi's provider protocol as a small async interface; knows no Fabric.

`values` are property values as plain Python, `codec` puts them on the wire, `interface` is what a provider
implements, `server` serves one to Pulumi's CLI. The embedded engine calls the interface directly.
"""
