"""What a tool takes, boiled down from its JSON schema to what a grammar and a prompt can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.functions.schema import ToolSchema

_DEEPEST = 6
_Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """Any words."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some constants."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or a whole one."""

    integer: bool = False
    negative: bool = True


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """Some values of one shape."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """Free keys with values of one shape."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of a record."""

    name: str
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Named values, the required ones first."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value of any of several shapes."""

    shapes: tuple[Shape, ...]


Shape: TypeAlias = Text | Choice | Number | Flag | ListOf | MapOf | Record | OneOf


@dataclass(frozen=True, slots=True)
class ToolShape:
    """A tool: what it is for and what it takes."""

    name: str
    description: str
    arguments: Record


def tool_shape(tool: ToolSchema) -> ToolShape:
    """Read a tool's schema.

    Raises:
        ConfigurationError: a parameter's type contains itself, so that no grammar can say it.
    """
    reader = _Reader(tool)
    return ToolShape(tool.name, " ".join(tool.description.split()), reader.record(tool.parameters, 0))


class _Reader:
    def __init__(self, tool: ToolSchema) -> None:
        self._tool = tool.name
        self._definitions = cast("_Schema", tool.parameters.get("$defs", {}))

    def record(self, schema: _Schema, depth: int) -> Record:
        required = set(cast("Sequence[str]", schema.get("required", ())))
        properties = cast("Mapping[str, _Schema]", schema.get("properties", {}))
        fields = [
            Field(name, self.shape(part, depth + 1), required=name in required)
            for name, part in properties.items()
        ]
        return Record(tuple(sorted(fields, key=lambda field: not field.required)))

    def shape(self, schema: _Schema, depth: int) -> Shape:
        if depth > _DEEPEST:
            raise ConfigurationError(
                f"Tool {self._tool} has a parameter whose type contains itself: give it a flat type."
            )
        if "$ref" in schema:
            name = str(schema["$ref"]).rsplit("/", 1)[-1]
            return self.shape(self._definitions[name], depth + 1)
        if "const" in schema:
            return Choice((schema["const"],))
        if "enum" in schema:
            return Choice(tuple(value for value in schema["enum"] if value is not None) or (None,))
        alternatives = list(_alternatives(schema))
        if alternatives:
            return _one_of([self.shape(part, depth + 1) for part in alternatives])
        return self._plain(schema, depth)

    def _plain(self, schema: _Schema, depth: int) -> Shape:
        match schema.get("type"):
            case "integer":
                return Number(integer=True, negative=_may_be_negative(schema))
            case "number":
                return Number(negative=_may_be_negative(schema))
            case "boolean":
                return Flag()
            case "array":
                return ListOf(self.shape(cast("_Schema", schema.get("items") or {}), depth + 1))
            case "object" if schema.get("properties"):
                return self.record(schema, depth)
            case "object":
                free = schema.get("additionalProperties")
                return MapOf(
                    self.shape(cast("_Schema", free) if isinstance(free, Mapping) else {}, depth + 1)
                )
            case _:
                return Text()


def _alternatives(schema: _Schema) -> Iterator[_Schema]:
    """The branches of a union, without null: what is not given is left out."""
    for key in ("anyOf", "oneOf", "allOf"):
        parts = cast("Sequence[_Schema]", schema.get(key, ()))
        yield from (part for part in parts if part.get("type") != "null")
    types = schema.get("type")
    if isinstance(types, list):
        names = cast("list[str]", types)
        yield from ({**schema, "type": name} for name in names if name != "null")


def _one_of(shapes: list[Shape]) -> Shape:
    return shapes[0] if len(shapes) == 1 else OneOf(tuple(dict.fromkeys(shapes)))


def _may_be_negative(schema: _Schema) -> bool:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    return not (isinstance(lowest, int | float) and lowest >= 0)
