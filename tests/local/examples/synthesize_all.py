"""Synthesize the apps that standard input names, in one process: to load aws-cdk-lib takes longest.

Each is `{"folder": …, "context": …, "outdir": …}`, in a list; for each a line is printed, which
is `null` or the error that the app ended with.
"""

import functools
import json
import os
import runpy
import sys
import traceback
from pathlib import Path

import aws_cdk

_App = aws_cdk.App
for one in json.load(sys.stdin):
    os.chdir(one["folder"])
    # What the CDK CLI gives an app by variables, which the kernel of jsii reads but once.
    aws_cdk.App = functools.partial(_App, context=one["context"], outdir=one["outdir"])
    try:
        runpy.run_path(str(Path("app.py").resolve()), run_name="__main__")
    except Exception:  # noqa: BLE001 - an example's own error, whatever it is
        print(json.dumps(traceback.format_exc()))  # noqa: T201 - that is how it answers
    else:
        print("null")  # noqa: T201 - likewise
