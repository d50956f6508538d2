"""Describe a stack file: frozen models, one subject per file. Pure: no file, no Pulumi, no cluster."""

from heddle.spec.authorities import GivenAuthority
from heddle.spec.instance import Instance
from heddle.spec.load import parse_instance
from heddle.spec.problems import Problem, report

__all__ = ["GivenAuthority", "Instance", "Problem", "parse_instance", "report"]
