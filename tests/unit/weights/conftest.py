"""Makes what stands beside the tests importable by its name: tests are no package."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

for name in (
    "model_folders",
    "broken",
    "broken_headers",
    "broken_files",
    "broken_weights",
    "broken_tokenizers",
):
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
