"""Make the fields of sections from the tables in `heddle.settings`, and read their values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema, create_model

from heddle.quantities import SIZE
from heddle.settings import Boolean, Duration, Integer, Setting, Size, settings_of
from heddle.spec.kinds import LARGEST, between
from heddle.spec.model import Section, refused

SectionT = TypeVar("SectionT", bound=Section)

_DURATION = r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+"
_JSON_SCHEMAS: dict[type, dict[str, Any]] = {
    Duration: {"type": "string", "pattern": f"^{_DURATION}$"},
    Size: {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{SIZE}$"}]},
}


@dataclass(frozen=True)
class Reader:
    """Validator of a setting: its kind reads the value."""

    kind: Duration | Size

    def read(self, value: object) -> str | int:
        """Return the value in its one spelling. Raises PydanticCustomError that says what is allowed."""
        try:
            return self.kind.read(value)
        except ValueError as error:
            raise refused(str(error)) from None


def with_settings(group: type[Any], *, instead: str = "") -> Callable[[type[SectionT]], type[SectionT]]:
    """Add a field to a section for every setting of a group that a stack file may say.

    `instead` says for the documentation which option counts where the field is left out; without it the
    setting's default does.
    """

    def add(section: type[SectionT]) -> type[SectionT]:
        made = {
            each.name: _optional(each, instead) if instead else _field(each)
            for each in settings_of(group)
            if each.key
        }
        return create_model(  # type: ignore[call-overload,no-any-return]  # the fields are no literals
            section.__name__, __base__=section, __module__=section.__module__, __doc__=section.__doc__, **made
        )

    return add


def stated(section: Section | None, group: type[Any]) -> dict[str, Any]:
    """Return the settings of a group that the file states in this section, by their Python names."""
    said = section.model_dump(exclude_unset=True, exclude_none=True) if section is not None else {}
    return {each.name: said[each.name] for each in settings_of(group) if each.name in said}


def _field(setting: Setting) -> tuple[Any, Any]:
    return _type(setting), Field(default=setting.default, alias=setting.key, description=setting.about)


def _optional(setting: Setting, instead: str) -> tuple[Any, Any]:
    about = f"{setting.about} Default: {instead.format(key=setting.key)}."
    return _type(setting) | None, Field(default=None, alias=setting.key, description=about)


def _type(setting: Setting) -> Any:  # noqa: ANN401 - a type expression
    match setting.kind:
        case Duration() | Size() as kind:
            plain = str if isinstance(kind, Duration) else int
            return Annotated[
                plain, BeforeValidator(Reader(kind).read), WithJsonSchema(_JSON_SCHEMAS[type(kind)])
            ]
        case Integer(minimum=least, maximum=most):
            return Annotated[int, *between(least or 0, LARGEST if most is None else most)]
        case Boolean():
            return bool
