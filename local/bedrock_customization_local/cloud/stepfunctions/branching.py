"""Runs Parallel states and inline Map states: several lists of states side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock, Thread
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.errors import (
    ErrorName,
    Interrupted,
    StateError,
    Superseded,
)
from bedrock_customization_local.cloud.stepfunctions.frame import Frame
from bedrock_customization_local.cloud.stepfunctions.history import Trail
from bedrock_customization_local.cloud.stepfunctions.interpreter import Interpreter
from bedrock_customization_local.cloud.stepfunctions.language.dataflow import flow_of
from bedrock_customization_local.cloud.stepfunctions.language.definition import QueryLanguage, State
from bedrock_customization_local.cloud.stepfunctions.language.values import dump
from bedrock_customization_local.cloud.stepfunctions.scope import Scope
from bedrock_customization_local.cloud.untyped import Json

INLINE_CONCURRENCY: Final = 40
"""Iterations of an inline Map that AWS runs at a time."""


def run_parallel(interpreter: Interpreter, state: State, data: Json, frame: Frame) -> Json:
    """Run the branches of a Parallel state and return their outputs.

    Raises:
        StateError: A branch failed; the others were ended.
        Interrupted: Something outside ended it.
    """
    arguments = flow_of(state).arguments(state, data, frame.sight)
    frame.trail.add("ParallelStateStarted")
    children = frame.new_children(len(state.branches))
    scope = frame.scope.child()
    frames = [frame.branch(progress, scope, {}) for progress in children]
    jobs = [
        partial(interpreter.run, branch, arguments, own)
        for branch, own in zip(state.branches, frames, strict=True)
    ]
    return _finish(
        state, frame, jobs, trails=[own.trail for own in frames], scope=scope, concurrency=len(jobs)
    )


def run_inline_map(interpreter: Interpreter, state: State, data: Json, frame: Frame) -> Json:
    """Run an inline Map state's processor for each item and return the outputs.

    Raises:
        StateError: An iteration failed; the others were ended.
        Interrupted: Something outside ended it.
    """
    items = items_of(state, data, frame)
    inputs = [select_item(state, data, frame, item) for item in items]
    concurrency = whole_number(state, "MaxConcurrency", data, frame) or INLINE_CONCURRENCY
    frame.trail.add("MapStateStarted", {"length": len(items)})
    children = frame.new_children(len(items))
    scope = frame.scope.child()
    frames = [
        frame.branch(progress, scope, {"Map": item.context})
        for progress, item in zip(children, items, strict=True)
    ]

    def iterate(index: int) -> Json:
        own = frames[index]
        if own.progress.is_done:
            return own.progress.output
        event = {"name": state.name, "index": index}
        own.trail.add("MapIterationStarted", event)
        try:
            assert state.processor is not None  # noqa: S101 - validation saw to it
            output = interpreter.run(state.processor, inputs[index], own)
        except StateError:
            own.trail.add("MapIterationFailed", event)
            raise
        except Interrupted:
            own.trail.add("MapIterationAborted", event)
            raise
        own.trail.add("MapIterationSucceeded", event)
        return output

    jobs = [partial(iterate, index) for index in range(len(items))]
    return _finish(
        state,
        frame,
        jobs,
        trails=[own.trail for own in frames],
        scope=scope,
        concurrency=concurrency,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that a Map state iterates over.

    Args:
        value: The item.
        context: What the context object says of it under `Map`.
    """

    value: Json
    context: Json


def items_of(state: State, data: Json, frame: Frame) -> list[Item]:
    """Return what a Map state iterates over, in its input.

    Raises:
        StateError: It is no array (or, in JSONata, object).
    """
    flow = flow_of(state)
    if state.language is QueryLanguage.JSONATA:
        items = (
            flow.template(state.body["Items"], "Items", data, frame.sight)
            if "Items" in state.body
            else data
        )
    else:
        items = flow.setting(state, "Items", data, frame.sight)
        if items is None:
            items = flow.effective_input(state, data, frame.sight)
    return enumerated(state, items)


def enumerated(state: State, items: Json) -> list[Item]:
    """Return the elements of an array, or in JSONata the pairs of an object, as items.

    Raises:
        StateError: It is neither.
    """
    if isinstance(items, dict) and state.language is QueryLanguage.JSONATA:
        return [
            Item(
                value={"Key": key, "Value": value},
                context={"Item": {"Index": index, "Key": key, "Value": value}},
            )
            for index, (key, value) in enumerate(items.items())
        ]
    if not isinstance(items, list):
        is_jsonata = state.language is QueryLanguage.JSONATA
        raise StateError(
            ErrorName.QUERY_EVALUATION_ERROR if is_jsonata else ErrorName.RUNTIME,
            f"The items of a Map state must be an array, got {dump(items)[:200]}.",
            location="Items" if is_jsonata else None,
        )
    return [
        Item(value=item, context={"Item": {"Index": index, "Value": item}})
        for index, item in enumerate(items)
    ]


def select_item(state: State, data: Json, frame: Frame, item: Item) -> Json:
    """Return the input of an iteration: `ItemSelector` filled in, or the item itself."""
    template = state.body.get("ItemSelector", state.body.get("Parameters"))
    if template is None:
        return item.value
    flow = flow_of(state)
    own = frame.branch(frame.progress, frame.scope, {"Map": item.context})
    raw = flow.effective_input(state, data, frame.sight)
    return flow.template(template, "ItemSelector", raw, own.sight)


def whole_number(state: State, name: str, data: Json, frame: Frame) -> int | None:
    """Return a field that is a whole number; None if it is absent.

    Raises:
        StateError: It is something else.
    """
    value = flow_of(state).setting(state, name, data, frame.sight)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        is_jsonata = state.language is QueryLanguage.JSONATA
        raise StateError(
            ErrorName.QUERY_EVALUATION_ERROR if is_jsonata else ErrorName.RUNTIME,
            f"The field '{name}' must be a whole number, 0 or greater, got {dump(value)}.",
            location=name if is_jsonata else None,
        )
    return value


def gather(jobs: Sequence[Callable[[], Json]], concurrency: int, scope: Scope) -> list[Json]:
    """Do jobs side by side; the first failure ends the others.

    Args:
        jobs: What to do. Each obeys `scope`.
        concurrency: How many at a time.
        scope: Cancelled at the first failure.

    Returns:
        Their results, in the order of the jobs.

    Raises:
        StateError: A job failed.
        Interrupted: Something outside ended them.
    """
    results: list[Json] = [None] * len(jobs)
    failures: list[Exception] = []
    lock = Lock()
    waiting = iter(range(len(jobs)))

    def work() -> None:
        while True:
            with lock:
                index = next(waiting, None)
                if index is None or failures:
                    return
            try:
                results[index] = jobs[index]()
            except Exception as error:  # noqa: BLE001 - raised again on the thread that waits
                with lock:
                    failures.append(error)
                scope.cancel(Superseded())
                return

    threads = [Thread(target=work, daemon=True) for _ in range(min(concurrency, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def _finish(
    state: State,
    frame: Frame,
    jobs: Sequence[Callable[[], Json]],
    *,
    trails: Sequence[Trail],
    scope: Scope,
    concurrency: int,
) -> Json:
    try:
        results = gather(jobs, concurrency, scope)
    except StateError:
        frame.trail.join(trails)
        frame.trail.add(f"{state.type}StateFailed")
        raise
    except Interrupted:
        frame.trail.join(trails)
        raise
    frame.trail.join(trails)
    frame.trail.add(f"{state.type}StateSucceeded")
    return results
