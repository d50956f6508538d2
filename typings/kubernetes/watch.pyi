from collections.abc import Callable, Iterator
from typing import Generic, Literal, TypedDict, TypeVar

from kubernetes.client import _List

_T = TypeVar("_T")

class _Event(TypedDict, Generic[_T]):
    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: _T

class Watch:
    def stream(
        self,
        func: Callable[..., _List[_T]],
        *namespace: str,
        field_selector: str = ...,
        resource_version: str = ...,
        timeout_seconds: int = ...,
    ) -> Iterator[_Event[_T]]: ...
    def stop(self) -> None: ...
