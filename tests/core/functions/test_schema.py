"""What a model is told of a function, and how its arguments are checked."""

import enum
import functools
import json
import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from vision_agents.core.errors import ConfigurationError, ToolError
from vision_agents.core.functions.schema import Signature


class Unit(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Address(BaseModel):
    """Where it is."""

    title: str
    street: str = "Main Street"


def parameters(function: Any) -> dict[str, Any]:
    return Signature("tool", function).json_schema


def properties(function: Any) -> dict[str, Any]:
    return parameters(function)["properties"]


class TestJsonSchema:
    def test_names_types_defaults_and_what_is_required(self) -> None:
        def book(city: str, nights: int = 2, breakfast: bool = True, budget: float | None = None) -> str:
            raise NotImplementedError

        assert parameters(book) == {
            "type": "object",
            "additionalProperties": False,
            "required": ["city"],
            "properties": {
                "city": {"type": "string"},
                "nights": {"type": "integer", "default": 2},
                "breakfast": {"type": "boolean", "default": True},
                "budget": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            },
        }

    def test_a_function_without_parameters(self) -> None:
        assert parameters(lambda: None) == {"type": "object", "additionalProperties": False, "properties": {}}

    def test_a_choice_lists_its_values(self) -> None:
        def get(unit: Unit, kind: Literal["now", "later"]) -> str:
            raise NotImplementedError

        schema = parameters(get)

        assert schema["properties"]["kind"]["enum"] == ["now", "later"]
        assert schema["$defs"]["Unit"]["enum"] == ["celsius", "fahrenheit"]

    def test_an_unannotated_parameter_is_text(self) -> None:
        def get(city):  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
            raise NotImplementedError

        assert properties(get) == {"city": {"type": "string"}}

    @pytest.mark.parametrize(
        "docstring",
        [
            """Get it.

            Args:
                city: The city,
                    or a town.
                unit (str): How to tell.
            """,
            """
            Get it.

            Parameters
            ----------
            city : str
                The city,
                or a town.
            unit
                How to tell.
            """,
            """Get it.

            :param city: The city,
                or a town.
            :param unit: How to tell.
            :returns: text
            """,
        ],
        ids=["google", "numpy", "sphinx"],
    )
    def test_parameters_are_described_by_the_docstring(
        self, docstring: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def get(city, unit="celsius"):  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
            raise NotImplementedError

        get.__doc__ = docstring
        with caplog.at_level(logging.DEBUG):
            told = properties(get)

        assert " ".join(told["city"]["description"].split()) == "The city, or a town."
        assert told["unit"]["description"] == "How to tell."
        assert not caplog.records

    def test_an_annotation_describes_and_limits(self) -> None:
        def book(nights: Annotated[int, Field(ge=1, description="How long.")]) -> str:
            raise NotImplementedError

        assert properties(book)["nights"] == {"type": "integer", "minimum": 1, "description": "How long."}

    def test_titles_go_but_a_parameter_named_title_stays(self) -> None:
        def note(title: str, where: Address, extra: dict[str, str] = {"title": "Dr"}) -> str:  # noqa: B006
            raise NotImplementedError

        schema = parameters(note)

        assert schema["properties"]["title"] == {"type": "string"}
        assert schema["properties"]["extra"]["default"] == {"title": "Dr"}
        assert schema["$defs"]["Address"]["properties"] == {
            "title": {"type": "string"},
            "street": {"type": "string", "default": "Main Street"},
        }
        assert '"title": "' not in json.dumps(schema).replace(json.dumps({"title": "Dr"}), "")

    @pytest.mark.parametrize(
        "name", ["schema", "json", "copy", "model_config", "model_fields", "_hidden", "self"]
    )
    def test_any_name_may_be_a_parameter(self, name: str) -> None:
        scope: dict[str, Any] = {}
        exec(f"def get({name}: int) -> int: return {name}", scope)
        signature = Signature("tool", scope["get"])

        assert list(signature.json_schema["properties"]) == [name]
        assert signature.bind({name: "3"}) == {name: 3}
        with pytest.raises(ToolError, match=f"wrong arguments: {name}: "):
            signature.bind({name: "three"})

    def test_methods_partials_decorated_functions_and_callable_objects(self) -> None:
        class Weather:
            def get(self, city: str) -> str:
                """Get it.

                Args:
                    city: The city.
                """
                raise NotImplementedError

            def __call__(self, city: str) -> str:
                """Get it.

                Args:
                    city: The city.
                """
                raise NotImplementedError

        def get(unit: Unit, city: str) -> str:
            """Get it.

            Args:
                city: The city.
            """
            raise NotImplementedError

        @functools.wraps(Weather().get)
        def decorated(*args: Any, **kwargs: Any) -> str:
            raise NotImplementedError

        for function in (Weather().get, Weather(), functools.partial(get, Unit.CELSIUS), decorated):
            assert properties(function) == {"city": {"type": "string", "description": "The city."}}

    def test_what_a_function_returns_need_not_exist_at_run_time(self) -> None:
        def get(city: "str") -> "NowhereDefined":  # noqa: F821  # pyright: ignore
            raise NotImplementedError

        assert properties(get) == {"city": {"type": "string"}}

    def test_a_type_that_does_not_exist_at_run_time_is_refused(self) -> None:
        def get(city: "NowhereDefined") -> str:  # noqa: F821  # pyright: ignore
            raise NotImplementedError

        with pytest.raises(ConfigurationError, match=r"Tool tool has an annotation .*NowhereDefined"):
            parameters(get)

    def test_a_type_that_json_cannot_tell_is_refused(self) -> None:
        def get(callback: Callable[[], None]) -> str:
            raise NotImplementedError

        with pytest.raises(
            ConfigurationError, match="Tool tool has a parameter that no JSON schema describes"
        ):
            parameters(get)

    def test_a_type_without_a_check_is_refused(self) -> None:
        class Socket:
            pass

        def get(socket: Socket) -> str:
            raise NotImplementedError

        with pytest.raises(
            ConfigurationError, match="Tool tool has a parameter that no JSON schema describes"
        ):
            Signature("tool", get).bind({})

    def test_parameters_that_a_model_cannot_name_are_refused(self) -> None:
        def anything(*cities: str) -> str:
            raise NotImplementedError

        def positional(city: str, /) -> str:
            raise NotImplementedError

        for function in (anything, positional):
            with pytest.raises(ConfigurationError, match="a model can only fill named parameters"):
                parameters(function)


class TestBind:
    @pytest.fixture
    def signature(self) -> Signature:
        def book(
            city: str, *, nights: int = 2, unit: Unit = Unit.CELSIUS, where: Address | None = None
        ) -> str:
            raise NotImplementedError

        return Signature("book", book)

    def test_gives_arguments_of_the_right_types(self, signature: Signature) -> None:
        arguments = {"city": "Paris", "nights": "3", "unit": "fahrenheit", "where": {"title": "Hotel"}}

        assert signature.bind(arguments) == {
            "city": "Paris",
            "nights": 3,
            "unit": Unit.FAHRENHEIT,
            "where": Address(title="Hotel"),
        }

    def test_leaves_defaults_to_the_function(self, signature: Signature) -> None:
        assert signature.bind({"city": "Paris"}) == {"city": "Paris"}

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            ({}, "city: Field required"),
            ({"city": "Paris", "nights": "many"}, "nights: Input should be a valid integer"),
            ({"city": "Paris", "stars": 5}, "stars: Extra inputs are not permitted"),
            ({"city": "Paris", "where": {}}, r"where\.title: Field required"),
        ],
    )
    def test_says_what_is_wrong(self, signature: Signature, arguments: dict[str, object], fault: str) -> None:
        with pytest.raises(ToolError, match=f"Tool book was called with wrong arguments: {fault}"):
            signature.bind(arguments)
