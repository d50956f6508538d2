"""Describe a stack file: frozen models, one subject per file. Pure: no file, no Pulumi, no cluster."""

from heddle.spec.authorities import FabricCa, FabricCaAuthority, GivenAuthority
from heddle.spec.instance import Instance
from heddle.spec.load import parse_instance
from heddle.spec.problems import Problem, report

__all__ = [
    "FabricCa",
    "FabricCaAuthority",
    "GivenAuthority",
    "Instance",
    "Problem",
    "parse_instance",
    "report",
]
