"""JSONPath in the dialect of Step Functions (Jayway): queries and reference paths.

Written here because jsonpath-ng speaks another dialect: no `&&`, `=~`, `in` or `.length()`, and it
does not tell a path that names one value from a query that yields a list.
"""

from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.parser import parse
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.path import PathError
from bedrock_customization_local.cloud.stepfunctions.language.jsonpath.reference import insert

__all__ = ["PathError", "insert", "parse"]
