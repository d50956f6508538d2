"""Answer `_lifecycle`'s functions about packages on this peer.

Source: core/chaincode/lifecycle/scc.go (Fabric 3.1.5).
"""

from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.embedded.fabric.peer.collections import implicit
from heddle.embedded.fabric.peer.definitions import LIFECYCLE, Committed, approval, definitions
from heddle.embedded.fabric.peer.lifecyclecall import LifecycleCall, LifecycleRefused, Proto
from heddle.embedded.fabric.peer.packages import PackageError
from heddle.embedded.fabric.peer.state import private

__all__ = ["get_package", "install", "query_installed", "query_installed_all"]


def install(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve InstallChaincode of `_lifecycle`."""
    package = call.peer.packages.install(arguments.chaincode_install_package)
    return lifecycle_pb2.InstallChaincodeResult(label=package.label, package_id=package.package_id)


def _add_references(call: LifecycleCall, result: Proto, package_id: str) -> None:
    """Name the chaincodes that use a package, by channel."""
    for name, channel in call.peer.channels.items():
        approved = Committed(channel.state, private(LIFECYCLE, implicit(call.msp_id)))
        for chaincode, defined in definitions(Committed(channel.state)):
            own = approval(approved, chaincode, defined.sequence)
            if own and own.source.local_package.package_id == package_id:
                result.references[name].chaincodes.add(name=chaincode, version=defined.version)


def query_installed_all(call: LifecycleCall, _: Proto) -> Proto:
    """Serve QueryInstalledChaincodes of `_lifecycle`."""
    result = lifecycle_pb2.QueryInstalledChaincodesResult()
    for package in call.peer.packages.all():
        one = result.installed_chaincodes.add(label=package.label, package_id=package.package_id)
        _add_references(call, one, package.package_id)
    return result


def query_installed(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve QueryInstalledChaincode of `_lifecycle`."""
    package = call.peer.packages.get(arguments.package_id)
    if package is None:
        raise LifecycleRefused(f"could not find chaincode with package id '{arguments.package_id}'")
    result = lifecycle_pb2.QueryInstalledChaincodeResult(label=package.label, package_id=package.package_id)
    _add_references(call, result, package.package_id)
    return result


def get_package(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve GetInstalledChaincodePackage of `_lifecycle`."""
    try:
        data = call.peer.packages.data(arguments.package_id)
    except PackageError as problem:
        raise LifecycleRefused(f"could not load cc install package: {problem}") from problem
    return lifecycle_pb2.GetInstalledChaincodePackageResult(chaincode_install_package=data)
