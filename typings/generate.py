"""Write type stubs of Fabric's protobuf modules: `make stubs`.

The package hyperledger-fabric-protos ships none. Its modules carry their descriptors, and mypy-protobuf
asks no more of protoc: so neither protoc nor the .proto files are needed.
"""

import importlib
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import fabric_protos
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto

HERE = Path(__file__).parent
PACKAGE = fabric_protos.__name__
OPTIONS = "quiet,use_default_deprecation_warnings"
# Short names, because a field named `collections` hides the module that the long ones begin with. Not for
# services: classes of grpc and of grpc.aio have the same short name.
OPTIONS_OF_MESSAGES = f"{OPTIONS},readable_stubs"


def package_files() -> Iterator[FileDescriptor]:
    """Yield the descriptor of every protobuf module of the package, ordered by name."""
    names = sorted(module.name for module in pkgutil.walk_packages(fabric_protos.__path__, f"{PACKAGE}."))
    for name in names:
        if name.endswith("_pb2"):
            yield importlib.import_module(name).DESCRIPTOR


def with_dependencies(files: Iterable[FileDescriptor]) -> list[FileDescriptor]:
    """Return the files and all that they import, each after its imports, as protoc hands them to a plugin."""
    ordered: dict[str, FileDescriptor] = {}
    for file in files:
        ordered |= {imported.name: imported for imported in with_dependencies(file.dependencies)}
        ordered[file.name] = file
    return list(ordered.values())


def path_in_package(name: str) -> str:
    """Return the path of a .proto file that gives its Python module's name.

    Fabric names its files from the root, `orderer/ab.proto`, but their modules stand in the package.
    """
    return name if name.startswith("google/") else f"{PACKAGE}/{name}"


def as_message(file: FileDescriptor) -> FileDescriptorProto:
    """Return a file's descriptor as a message, with the paths in the package of itself and its imports."""
    message = FileDescriptorProto()
    file.CopyToProto(message)
    message.name = path_in_package(message.name)
    message.dependency[:] = [path_in_package(name) for name in message.dependency]
    return message


def generate(
    plugin: str, options: str, wanted: list[str], files: list[FileDescriptorProto]
) -> dict[str, str]:
    """Return the stubs that a plugin of protoc makes for the wanted files, by path."""
    request = CodeGeneratorRequest(file_to_generate=wanted, parameter=options, proto_file=files)
    command = [str(Path(sys.executable).with_name(plugin))]
    answer = subprocess.run(command, input=request.SerializeToString(), capture_output=True, check=True)
    return {stub.name: stub.content for stub in CodeGeneratorResponse.FromString(answer.stdout).file}


def stubs() -> dict[str, str]:
    """Return every stub of the package by its path below typings/, `__init__.pyi` files among them."""
    files = [as_message(file) for file in with_dependencies(package_files())]
    messages = [file.name for file in files if file.name.startswith(f"{PACKAGE}/")]
    services = [file.name for file in files if file.service]
    made = generate("protoc-gen-mypy", OPTIONS_OF_MESSAGES, messages, files)
    made |= generate("protoc-gen-mypy_grpc", OPTIONS, services, files)
    folders = {folder.as_posix() for path in made for folder in Path(path).parents} - {"."}
    return made | {f"{folder}/__init__.pyi": "" for folder in folders}


def main() -> None:
    """Replace the package's stubs by those of the installed release."""
    shutil.rmtree(HERE / PACKAGE, ignore_errors=True)
    for path, content in stubs().items():
        target = HERE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


if __name__ == "__main__":
    main()
