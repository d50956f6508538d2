"""Make images of the stand-ins and of the sample chaincode, from the interpreter that runs this."""

from heddle.embedded.fabric.images.build import build_sample_chaincode, build_standin

__all__ = ["build_sample_chaincode", "build_standin"]
