"""What Heddle and its tests use of the official client, which ships no types. Written by hand."""

from kubernetes import client as client
from kubernetes import config as config
from kubernetes import dynamic as dynamic
from kubernetes import stream as stream
from kubernetes import utils as utils
from kubernetes import watch as watch
