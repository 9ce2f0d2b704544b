"""A contract for import-linter: a room's models are imported by that room alone.

Other rooms use the doors, `actions` and `queries`. import-linter's own `protected` contract says
the same for one room; this one holds for every room, also for those that are yet to come.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

MODELS = "models"


def models_of(graph: ImportGraph) -> set[str]:
    """Every `kept.<room>.models`, and what is inside it."""
    return {name for name in graph.modules if name.split(".")[2:3] == [MODELS]}


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def trespasses(graph: ImportGraph) -> list[tuple[str, str]]:
    """Each (importer, models) where the importer is of another room."""
    return sorted(
        (importer, models)
        for models in models_of(graph)
        for importer in graph.find_modules_that_directly_import(models)
        if room_of(importer) != room_of(models)
    )


class ModelsBehindDoors(Contract):
    """Models are imported only inside their own room."""

    type_name = "models_behind_doors"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        found = trespasses(graph)
        return ContractCheck(kept=not found, metadata={"trespasses": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, models in check.metadata["trespasses"]:
            output.print_error(f"{importer} imports {models}: use the room's actions or queries.")
