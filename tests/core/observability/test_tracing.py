"""Tracing that nobody has set up: nothing is imported, nothing is done."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from opentelemetry import trace

from vision_agents.core.observability.tracing import SessionTrace, TracedSession, trace_session

SESSION = TracedSession(session_id="s", call_id="c", call_type="default", providers={})


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_whole_conversation_without_tracing_imports_nothing_for_it() -> None:
    program = """
        import sys
        from vision_agents.testing import run_virtual, scripted_call

        async def talk():
            async with scripted_call("Hello.") as s:
                await s.caller.says("hello")
                await s.settles()
                return s.agent.metrics.tts_characters__total.value

        print(run_virtual(talk()), "opentelemetry" in sys.modules)
    """
    assert run(program) == "6 False\n"


def test_the_api_without_a_provider_makes_no_spans() -> None:
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    assert type(trace_session(lambda: SESSION, lambda: 0.0)) is SessionTrace


@pytest.mark.parametrize("set_up", ["", "OTEL_PYTHON_TRACER_PROVIDER"])
def test_a_provider_that_the_environment_names_is_used(set_up: str) -> None:
    program = f"""
        import os
        if {set_up!r}:
            os.environ[{set_up!r}] = "sdk_tracer_provider"
        from vision_agents.core.observability.tracing import SessionTrace, TracedSession, trace_session
        session = TracedSession(session_id="s", call_id="c", call_type="default", providers={{}})
        print(type(trace_session(lambda: session, lambda: 0.0)).__name__)
    """
    assert run(program) == ("SpanTrace\n" if set_up else "SessionTrace\n")
