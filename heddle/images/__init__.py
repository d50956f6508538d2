"""Write container images, pack Fabric's release into images, and find where Fabric's images can be had."""

from heddle.images.archive import (
    Entry,
    File,
    Folder,
    Image,
    Link,
    file_tools,
    libraries,
    program,
    write_image,
)

__all__ = ["Entry", "File", "Folder", "Image", "Link", "file_tools", "libraries", "program", "write_image"]
