"""Pre-flight of a model folder, before it is copied or paid for: pure, knows no AWS and no HTTP.

::

    found = weights.inspect(folder, catalog.import_rules(), region="us-east-1")
    found.can_be_imported, found.staged, [finding.message for finding in found.errors]

It reads a folder through the protocol `Folder`, whose files may lie on a disk, in S3 or on a hub,
and takes all of it for hostile: nothing is loaded, no code of a model's runs but its chat template,
in a sandbox. What it finds is a table, `rules`.
"""

from bedrock_customization_runtime.weights.findings import Finding
from bedrock_customization_runtime.weights.folder import File, Folder
from bedrock_customization_runtime.weights.inspection import Inspection, inspect

__all__ = ["File", "Finding", "Folder", "Inspection", "inspect"]
