"""Write container images, pack Fabric's release into images, and find where Fabric's images can be had."""
