"""Settings as frozen values: read once from a file and the environment, checked at construction, each with its reason.

Every librdkafka option stands here, under the client's own name; no other module knows any. What each setting is for is
its description, from which `--help` and docs/pipeline.md are made.
"""

from pipeline.settings.base import Config, KafkaSettings, Settings, TopicSettings, ValueSettings, read_settings
from pipeline.settings.consuming import ConsumerSettings, GroupSettings, ProjectorSettings, RedriveSettings
from pipeline.settings.forwarding import CopySettings, ForwarderSettings, TransactionalSettings
from pipeline.settings.producing import ApiSettings, ProducerSettings
from pipeline.settings.sending import DEAD_LETTER_BYTES

__all__ = [
    "DEAD_LETTER_BYTES",
    "ApiSettings",
    "Config",
    "ConsumerSettings",
    "CopySettings",
    "ForwarderSettings",
    "GroupSettings",
    "KafkaSettings",
    "ProducerSettings",
    "ProjectorSettings",
    "RedriveSettings",
    "Settings",
    "TopicSettings",
    "TransactionalSettings",
    "ValueSettings",
    "read_settings",
]
