"""What a model is told of a tool, made from a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import FunctionType, MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from vision_agents.core.errors import ConfigurationError, ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel, PydanticUserError

_DATA = frozenset({"const", "default", "enum", "examples"})
"""Keywords of a JSON schema whose values are the tool's own data."""


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A tool as a model sees it; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Signature:
    """A function's parameters: their JSON schema, and the check of a call's arguments."""

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        self._name = name
        self._function = function

    @cached_property
    def _model(self) -> type[BaseModel]:
        # A field a parameter, with the parameter's name as alias: "schema" or "_x" cannot be a field's name.
        from pydantic import ConfigDict, PydanticUserError, create_model

        fields: dict[str, Any] = {}
        hints = _parameter_types(self._name, self._function)
        texts = _parameter_texts(self._function)
        for parameter in inspect.signature(self._function).parameters.values():
            fields[f"parameter_{len(fields)}"] = _field(self._name, parameter, hints=hints, texts=texts)
        try:
            return create_model(self._name, __config__=ConfigDict(extra="forbid"), **fields)
        except PydanticUserError as error:
            raise self._indescribable(error) from error

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The parameters as a JSON schema of type object, without titles."""
        from pydantic import PydanticUserError

        try:
            return _without_titles(self._model.model_json_schema())
        except PydanticUserError as error:
            raise self._indescribable(error) from error

    def bind(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Turn a model's arguments into keyword arguments of the right types."""
        from pydantic import ValidationError

        try:
            checked = self._model.model_validate(dict(arguments))
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ToolError(f"Tool {self._name} was called with wrong arguments: {faults}.") from None
        fields = type(checked).model_fields
        return {str(fields[key].alias): getattr(checked, key) for key in checked.model_fields_set}

    def _indescribable(self, error: PydanticUserError) -> ConfigurationError:
        reason = error.message.partition(". ")[0]
        return ConfigurationError(
            f"Tool {self._name} has a parameter that no JSON schema describes: {reason}."
        )


def definition(function: Callable[..., object]) -> Callable[..., object]:
    """Find the function that was written down, inside partials, decorators and callable objects."""
    while isinstance(function, partial):
        function = cast("partial[object]", function).func
    if not isinstance(function, FunctionType | MethodType):
        function = cast("Callable[..., object]", type(function).__call__)
    return inspect.unwrap(function)


def _field(
    tool: str, parameter: inspect.Parameter, *, hints: Mapping[str, Any], texts: Mapping[str, str]
) -> tuple[Any, Any]:
    from pydantic import Field

    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise ConfigurationError(
            f"Tool {tool} has the parameter {parameter}: a model can only fill named parameters."
        )
    details: dict[str, Any] = {"alias": parameter.name}
    if parameter.default is not parameter.empty:
        details["default"] = parameter.default
    if text := texts.get(parameter.name):
        details["description"] = text
    return hints.get(parameter.name, str), Field(**details)


def _parameter_types(tool: str, function: Callable[..., object]) -> dict[str, Any]:
    """Resolve the annotations of the parameters; what the function returns is nobody's business here."""
    written = definition(function)
    scope: dict[str, Any] = getattr(written, "__globals__", {})
    try:
        annotations: dict[str, Any] = dict(getattr(written, "__annotations__", {}))
        annotations.pop("return", None)
        return get_type_hints(SimpleNamespace(__annotations__=annotations), scope, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigurationError(
            f"Tool {tool} has an annotation that cannot be read ({error}): use types that exist at run time "
            "in the tool's own module."
        ) from error


def _parameter_texts(function: Callable[..., object]) -> dict[str, str]:
    """Read what the docstring says of each parameter (Google, NumPy or Sphinx style)."""
    text = definition(function).__doc__
    if not text or not inspect.signature(function).parameters:
        return {}
    import griffe

    quiet: Any = {style: {"warnings": False} for style in ("google", "numpy", "sphinx")}
    sections = griffe.Docstring(inspect.cleandoc(text)).parse("auto", per_style_options=quiet)
    return {
        item.name: item.description.strip()
        for section in sections
        if isinstance(section, griffe.DocstringSectionParameters)
        for item in section.value
        if item.description
    }


def _without_titles(schema: Any) -> Any:
    """Drop the `title` that pydantic adds everywhere: it costs tokens and says nothing."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in cast("dict[str, Any]", schema).items() if key != "title"}
    return {key: _without_titles_under(key, value) for key, value in kept.items()}


def _without_titles_under(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    if key in {"properties", "$defs"}:  # their keys are names, which may be "title" themselves
        return {name: _without_titles(schema) for name, schema in value.items()}
    return _without_titles(value)
