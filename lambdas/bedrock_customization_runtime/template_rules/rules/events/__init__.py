"""Events, topics and alarms."""

from bedrock_customization_runtime.template_rules.rules.events.alarm_without_action import (
    alarm_without_action,
)
from bedrock_customization_runtime.template_rules.rules.events.dead_letters_refused import (
    dead_letters_refused,
)
from bedrock_customization_runtime.template_rules.rules.events.ended_executions_unseen import (
    ended_executions_unseen,
)
from bedrock_customization_runtime.template_rules.rules.events.event_pattern_never_matches import (
    event_pattern_never_matches,
)
from bedrock_customization_runtime.template_rules.rules.events.publisher_refused import (
    publisher_refused,
)
from bedrock_customization_runtime.template_rules.rules.events.publisher_without_key import (
    publisher_without_key,
)
from bedrock_customization_runtime.template_rules.rules.events.target_refuses_rule import (
    target_refuses_rule,
)
from bedrock_customization_runtime.template_rules.rules.events.target_without_dead_letters import (
    target_without_dead_letters,
)
from bedrock_customization_runtime.template_rules.rules.events.topic_not_encrypted import (
    topic_not_encrypted,
)

RULES = (
    event_pattern_never_matches,
    ended_executions_unseen,
    target_without_dead_letters,
    target_refuses_rule,
    dead_letters_refused,
    publisher_refused,
    publisher_without_key,
    topic_not_encrypted,
    alarm_without_action,
)
