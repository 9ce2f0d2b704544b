"""One shape for every act on something there is: find it, do what is asked once, show it.

An act is a function that gets what is asked (`Ask`) and the body of the request, and does it
through the door of the room it belongs to. All around it is the same for every act, and is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from inspect import Parameter, Signature, signature
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from ninja import Router

from kept.accounts.queries import Business
from kept.api.answers import Answer
from kept.api.keys import actor_of, business_of
from kept.api.once import once
from kept.api.problems import not_found
from kept.api.takes import Body, PathId, path_id
from kept.clock.queries import now as clock
from kept.core.case import Actor

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Ask(Generic[Thing]):
    """A request to do something: to what, and when.

    `done` is to be called in the transaction of the act, with the thing as it has become.
    """

    request: HttpRequest
    thing: Thing
    now: datetime
    done: Callable[[Thing], None]

    @property
    def business(self) -> Business:
        return business_of(self.request)

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)


@dataclass(frozen=True, slots=True)
class Acts(Generic[Thing]):
    """The acts on one kind of thing: where it lives, how it is found and how it is shown.

    `find` raises DoesNotExist, also for what belongs to another business. `declared` is what all
    of these acts say of themselves in the OpenAPI document (`declare.changes`).
    """

    router: Router
    at: str
    find: Callable[[UUID, UUID], Thing]
    show: Callable[[HttpRequest, Thing, datetime], Answer]
    no_such: str
    declared: Mapping[str, Any]

    def post(self, name: str, summary: str) -> Callable[[Any], Any]:
        """`POST …/{id}/name` does what the decorated function `act(ask, body)` does.

        A body with a default may be left out. The docstring is the description for integrators.
        """
        add = self.router.post(f"{self.at}/{name}", summary=summary, **self.declared)

        def register(act: Any) -> Any:
            add(self._endpoint(act))
            return act

        return register

    def _endpoint(self, act: Any) -> Callable[..., HttpResponse]:
        """The view of an act, with the parameters that ninja reads from a signature."""

        def view(request: HttpRequest, body: Body | None = None, **ids: str) -> HttpResponse:
            thing = self._found(request, *ids.values())
            now = clock()
            given = [] if body is None else [body]

            def do(done: Callable[[Thing], None]) -> None:
                act(Ask(request, thing, now, done), *given)

            return once(request, now, lambda became: self.show(request, became, now), do)

        view.__name__, view.__doc__ = act.__name__, act.__doc__
        view.__signature__ = self._signature(act)  # type: ignore[attr-defined]
        return view

    def _signature(self, act: Any) -> Signature:
        name = self.at.partition("{")[2].partition("}")[0]
        parameters = [
            Parameter("request", Parameter.POSITIONAL_OR_KEYWORD),
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=PathId),
        ]
        body = signature(act).parameters.get("body")
        if body is not None:
            shape, optional = get_type_hints(act)["body"], body.default is not Parameter.empty
            kind: Any = shape | None if optional else shape
            default = None if optional else Parameter.empty
            parameters.append(
                Parameter("body", Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            )
        return Signature(parameters)

    def _found(self, request: HttpRequest, given: str) -> Thing:
        wanted = path_id(given, self.no_such)
        try:
            return self.find(business_of(request).id, wanted)
        except ObjectDoesNotExist as error:
            raise not_found(self.no_such) from error
