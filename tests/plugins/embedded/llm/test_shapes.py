"""JSON schemas of real functions become shapes."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel
from pydantic import Field as Limit

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.plugins.embedded.llm.shapes import (
    Choice,
    Field,
    Flag,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    tool_shape,
)


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Address:
    street: str
    number: int | None = None


class Node(BaseModel):
    children: list["Node"] = []


def shape_of(annotation: Any) -> Shape:
    def order(value: Any) -> None: ...

    order.__annotations__["value"] = annotation
    registry = FunctionRegistry()
    registry.add(order, description="Order something.")
    (field,) = tool_shape(registry.get("order").schema).arguments.fields
    return field.shape


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (str, Text()),
        (int, Number(integer=True)),
        (float, Number()),
        (Annotated[int, Limit(ge=1, le=9)], Number(integer=True, negative=False)),
        (Annotated[float, Limit(gt=0)], Number(negative=False)),
        (bool, Flag()),
        (Literal["on", "off"], Choice(("on", "off"))),
        (Literal["only"], Choice(("only",))),
        (Size, Choice(("small", "large"))),
        (str | None, Text()),
        (int | str, OneOf((Number(integer=True), Text()))),
        (list[float], ListOf(Number())),
        (list[Size], ListOf(Choice(("small", "large")))),
        (list[Any], ListOf(Text())),
        (dict[str, int], MapOf(Number(integer=True))),
        (dict[str, Any], MapOf(Text())),
        (
            Address,
            Record(
                (
                    Field("street", Text(), required=True),
                    Field("number", Number(integer=True), required=False),
                )
            ),
        ),
        (Any, Text()),
    ],
)
def test_the_shape_of_a_parameter(annotation: Any, shape: Shape) -> None:
    assert shape_of(annotation) == shape


def test_required_fields_come_first_and_keep_their_order() -> None:
    def book(day: str = "today", *, name: str, people: int, note: str = "") -> None:
        """Book."""

    registry = FunctionRegistry()
    registry.add(book)
    fields = tool_shape(registry.get("book").schema).arguments.fields
    assert [(field.name, field.required) for field in fields] == [
        ("name", True),
        ("people", True),
        ("day", False),
        ("note", False),
    ]


def test_a_type_that_contains_itself_is_refused_with_the_name_of_the_tool() -> None:
    with pytest.raises(ConfigurationError, match="Tool order has a parameter whose type contains itself"):
        shape_of(Node)
