"""Maps: states that are run for each of many items, within the execution or as its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._retries import KILLED_FUNCTION, Retry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization._asl import States
    from bedrock_customization._function import HandlerFunction


def invoke_each(
    states: States,
    name: str,
    function: HandlerFunction,
    payload: Mapping[str, Any],
    *,
    count: str,
    concurrency: int,
    one: str,
    comment: str,
    retries: Sequence[Retry] = (),
    until: str | None = None,
) -> sfn.DistributedMap:
    """Write a distributed Map that invokes a function with each number from 0.

    The numbers are made by an expression and results are not kept, so the machine itself reads
    and writes nothing in S3 and needs no rights on buckets or keys.

    Args:
        states: Writes the phase's states.
        name: Of the state.
        function: What is invoked, with `number` in its event; its errors end the state, after
            another try if the function was killed.
        payload: The rest of its event; strings may be JSONata.
        count: JSONata for how many numbers there are.
        concurrency: Invocations at a time.
        one: Name of the state within that invokes once.
        comment: What happens, for people.
        retries: Beside those after faults of Lambda itself.
        until: Member of what the function returns that says whether it is done; it is invoked
            with the same event until then. Without it, once.
    """
    each = sfn.DistributedMap.jsonata(
        states.scope,
        name,
        comment=states.comment(comment),
        items=sfn.ProvideItems.jsonata(f"{{% [0..{count} - 1] %}}"),
        item_selector={**payload, "number": "{% $states.context.Map.Item.Value %}"},
        max_concurrency=concurrency,
        # Express children end after five minutes.
        map_execution_type=sfn.StateMachineType.STANDARD,
        outputs="{% $states.input %}",
    )
    inner = states.within()
    task = inner.invoke(
        one,
        function,
        # A child's own input, however often the task is come to.
        "{% $states.context.Execution.Input %}",
        comment=comment,
        retries=[*retries, KILLED_FUNCTION],
    )
    if until is not None:
        is_done = inner.choice(f"{one} further?", comment="One call may not be enough")
        is_done.when(sfn.Condition.jsonata(f"{{% $not($states.input.{until}) %}}"), task)
        is_done.otherwise(
            sfn.Succeed.jsonata(states.scope, f"{one} done", comment=states.comment(comment))
        )
        task.next(is_done)
    each.item_processor(task)
    states.catch(each)
    return each


def run_each(
    states: States, name: str, items: str, one: sfn.IChainable, *, concurrency: int, comment: str
) -> sfn.Map:
    """Write a Map within the execution that runs states for each item.

    Args:
        states: Writes the phase's states.
        name: Of the state.
        items: JSONata; each is the input of what is run for it.
        one: Where that begins; what it leads to comes along.
        concurrency: Items at a time.
        comment: What happens, for people.
    """
    state = sfn.Map.jsonata(
        states.scope,
        name,
        comment=states.comment(comment),
        items=sfn.ProvideItems.jsonata(items),
        max_concurrency=concurrency,
        outputs="{% $states.input %}",
    )
    state.item_processor(one)
    states.catch(state)
    return state
