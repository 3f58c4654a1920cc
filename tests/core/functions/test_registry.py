"""Functions become tools under names that a model can use."""

import functools

import pytest

from vision_agents.core.errors import ConfigurationError, ToolError
from vision_agents.core.functions.function_tool import function_tool
from vision_agents.core.functions.registry import FunctionRegistry


def get_weather(city: str) -> str:
    """Get the weather
    of a city.

    Args:
        city: The city.
    """
    return f"Sunny in {city}"


async def hang_up() -> None:
    """End the call."""


class Clock:
    """Tell the time."""

    def __call__(self) -> str:
        return "noon"


class AsyncClock:
    async def __call__(self) -> str:
        """Tell the time."""
        return "noon"


@pytest.fixture
def registry() -> FunctionRegistry:
    return FunctionRegistry()


class TestRegister:
    def test_the_function_itself_tells_name_and_description(self, registry: FunctionRegistry) -> None:
        decorated = registry.register()(get_weather)

        (schema,) = registry.schemas()
        assert decorated is get_weather
        assert (schema.name, schema.description) == ("get_weather", "Get the weather of a city.")
        assert schema.parameters["properties"] == {"city": {"type": "string", "description": "The city."}}

    def test_the_decorator_may_tell_others(self, registry: FunctionRegistry) -> None:
        registry.register("weather", description="How it is outside.")(get_weather)

        assert "get_weather" not in registry
        assert registry.get("weather").description == "How it is outside."

    def test_forgotten_parentheses_are_told(self, registry: FunctionRegistry) -> None:
        with pytest.raises(ConfigurationError, match=r"write @register_function\(\)"):
            registry.register(get_weather)  # pyright: ignore[reportArgumentType]


class TestAdd:
    def test_a_mark_tells_name_and_description(self, registry: FunctionRegistry) -> None:
        @function_tool(name="weather", description="How it is outside.")
        def get(city: str) -> str:
            return city

        registry.add(get)

        assert registry.get("weather").description == "How it is outside."

    def test_a_callable_object_is_named_after_its_class(self, registry: FunctionRegistry) -> None:
        registry.add(Clock())

        assert registry.get("Clock").description == "Tell the time."

    def test_a_partial_is_named_after_its_function(self, registry: FunctionRegistry) -> None:
        registry.add(functools.partial(get_weather, city="Paris"))

        tool = registry.get("get_weather")
        assert tool.description == "Get the weather of a city."
        assert tool.schema.parameters["properties"]["city"]["default"] == "Paris"

    def test_a_name_is_given_once(self, registry: FunctionRegistry) -> None:
        registry.add(get_weather)
        with pytest.raises(ConfigurationError, match="'get_weather' is registered already"):
            registry.add(get_weather)

    @pytest.mark.parametrize("name", ["get weather", "wetter.heute", "x" * 65, "météo"])
    def test_a_name_that_no_model_can_use_is_refused(self, registry: FunctionRegistry, name: str) -> None:
        with pytest.raises(ConfigurationError, match="1 to 64 letters, digits, _ and -"):
            registry.add(get_weather, name=name)

    def test_a_lambda_needs_a_name(self, registry: FunctionRegistry) -> None:
        with pytest.raises(ConfigurationError, match="cannot be named '<lambda>'"):
            registry.add(lambda: None, description="Nothing.")

    def test_a_tool_needs_a_description(self, registry: FunctionRegistry) -> None:
        def silent() -> None: ...

        for function in (silent, functools.partial(silent)):
            with pytest.raises(ConfigurationError, match="'silent' has no description"):
                registry.add(function)


class TestTool:
    @pytest.mark.parametrize(
        ("function", "is_async"),
        [
            (get_weather, False),
            (hang_up, True),
            (Clock(), False),
            (AsyncClock(), True),
            (functools.partial(hang_up), True),
        ],
    )
    def test_knows_whether_calling_it_gives_a_coroutine(
        self, registry: FunctionRegistry, function: functools.partial[object], is_async: bool
    ) -> None:
        registry.add(function, name="tool")

        assert registry.get("tool").is_async is is_async

    def test_binds_a_models_arguments(self, registry: FunctionRegistry) -> None:
        registry.add(get_weather)
        tool = registry.get("get_weather")

        assert tool.function(**tool.bind({"city": "Paris"})) == "Sunny in Paris"


class TestGet:
    def test_an_unknown_name_lists_the_known_ones(self, registry: FunctionRegistry) -> None:
        with pytest.raises(ToolError, match=r"There is no tool named 'order'; known: none\."):
            registry.get("order")
        registry.add(get_weather)
        registry.add(hang_up)
        with pytest.raises(ToolError, match=r"known: get_weather, hang_up\."):
            registry.get("order")


def test_adopting_adds_what_is_not_there_yet(registry: FunctionRegistry) -> None:
    other = FunctionRegistry()
    other.add(hang_up)
    other.add(get_weather, description="Another one.")
    registry.add(get_weather)

    registry.adopt(other)

    assert [schema.name for schema in registry.schemas()] == ["get_weather", "hang_up"]
    assert len(registry) == 2
    assert registry.get("get_weather").description == "Get the weather of a city."
