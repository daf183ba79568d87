"""What Microsoft's API descriptions say, as typed tables: operations, schemas, and bodies checked against them.

A namespace is ``Microsoft.Batch``, ``Microsoft.Storage`` or ``service`` (the Batch service plane). The tables are made
by ``scripts/make_specs.py``; api-versions without a table of their own are served by the next newer one, less what
``versions.py`` says they lack.
"""

from batchlocal.specs.model import Constraints, Operation, Parameter, Problem, Property, Schema
from batchlocal.specs.shaping import clean, create_only_paths, read_only_paths, respelt, secret_paths, visible
from batchlocal.specs.tables import Table, UnknownApiVersion, every_operation, known_versions, operations, table_for
from batchlocal.specs.validation import check

__all__ = [
    "Constraints",
    "Operation",
    "Parameter",
    "Problem",
    "Property",
    "Schema",
    "Table",
    "UnknownApiVersion",
    "check",
    "clean",
    "create_only_paths",
    "every_operation",
    "known_versions",
    "operations",
    "read_only_paths",
    "respelt",
    "secret_paths",
    "table_for",
    "visible",
]
