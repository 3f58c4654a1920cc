# Recipes for working on the project; `just --list` shows them.

run := ".venv/bin/uv run --extra embedded --group dev"

# Make the environment: a virtual environment with uv in it, then everything else.
setup:
    python3 -m venv .venv
    .venv/bin/pip install -q uv==0.13.8
    .venv/bin/uv sync --extra embedded --group dev

# The default tests: no network, no waiting.
test *args:
    {{run}} pytest {{args}}

# Real times and repeated races.
slow *args:
    {{run}} pytest -m slow {{args}}

# The conversation engine's state machine at length, from a new seed: `just campaign-engine 1000000`.
campaign-engine steps="100000" *args:
    ENGINE_STEPS={{steps}} {{run}} pytest tests/property {{args}}

# Three nodes in trouble, a thousand times: the launcher and the registry over a store that fails.
campaign-cluster seeds="1000" *args:
    {{run}} python -m tests.simulation --seeds {{seeds}} {{args}}

# Style, types and layers.
lint:
    {{run}} ruff check
    {{run}} ruff format --check
    {{run}} pyright
    {{run}} lint-imports --no-logo

# Put the files into the house's format.
format:
    {{run}} ruff check --fix
    {{run}} ruff format

# Broken requests, and requests made from what OpenAPI promises.
campaign-http *args:
    {{run}} python -m tests.campaigns.raw_requests {{args}}
    {{run}} --group campaign python -m tests.campaigns.openapi_cases {{args}}

# Measurements, each a line of JSON: a frame, a session's scenarios, the import, and spoken turns (minutes).
bench:
    {{run}} python benchmarks/frame_path.py
    {{run}} python benchmarks/session.py
    {{run}} python benchmarks/session_starts.py
    {{run}} python benchmarks/import_time.py
    {{run}} python -m benchmarks.turn_latency

# Side by side with the peers: makes their environments, then three rounds of ten minutes; prints the tables.
bench-peers *args:
    {{run}} python benchmarks/peers/run.py {{args}}

# Which rule ends turns soonest without cutting in? Writes the tables of docs/turns.md.
bench-turns *args:
    {{run}} python -m benchmarks.turn_taking {{args}}

# Everything that must hold before a change goes in.
ci:
    .ci/run
