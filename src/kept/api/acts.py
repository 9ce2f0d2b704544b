"""One shape for every act on something there is: find it, do what is asked once, show it.

An act is a function that gets what is asked (`Ask`) and the body of the request, and does it
through the door of the room it belongs to. All around it is the same for every act, and is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from inspect import Parameter, Signature, signature
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from ninja import Router

from kept.accounts.queries import Business
from kept.api.answers import Answer, answer
from kept.api.gives import TouchedOut
from kept.api.keys import actor_of, business_of
from kept.api.matching import not_modified, unchanged
from kept.api.once import once
from kept.api.problems import not_found
from kept.api.takes import Body, PathId, path_id
from kept.appointments.queries import Leg
from kept.clock.queries import now as clock
from kept.core.case import Actor

Thing = TypeVar("Thing")
Show = Callable[[HttpRequest, Any, datetime], Answer]


@dataclass(frozen=True, slots=True)
class Ask(Generic[Thing]):
    """A request to do something: to what, and when.

    `done` is to be called in the transaction of the act, with what is to be shown: the thing as
    it has become.
    """

    request: HttpRequest
    thing: Thing
    now: datetime
    done: Callable[[Any], None]

    @property
    def business(self) -> Business:
        return business_of(self.request)

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)


Act = TypeVar("Act", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Acts(Generic[Thing]):
    """The acts on one kind of thing: where it lives, how it is found and how it is shown.

    `find` raises DoesNotExist, also for what belongs to another business.
    """

    router: Router
    at: str
    find: Callable[[UUID, UUID], Thing]
    show: Callable[[HttpRequest, Thing, datetime], Answer]
    no_such: str
    id_in: Callable[[str, str], UUID] = path_id

    def post(self, name: str, summary: str, **declared: Any) -> Callable[[Act], Act]:
        """`POST …/{id}/name` does what the decorated function `act(ask, body)` does.

        `declared` is what it says of itself in the OpenAPI document (`declare.changes`). A body
        with a default may be left out. The docstring is the description for integrators.
        """
        add = self.router.post(f"{self.at}/{name}", summary=summary, **declared)
        return partial(self._register, add, self.show)

    def patch(self, summary: str, **declared: Any) -> Callable[[Act], Act]:
        """`PATCH …/{id}`: what is given changes, the rest stays."""
        add = self.router.patch(self.at, summary=summary, **declared)
        return partial(self._register, add, self.show)

    def delete(self, summary: str, **declared: Any) -> Callable[[Act], Act]:
        """`DELETE …/{id}`: it can no longer be used. `done` gets the legs this is about."""
        add = self.router.delete(self.at, summary=summary, **declared)
        return partial(self._register, add, _show_touched)

    def remove(self, summary: str, **declared: Any) -> Callable[[Act], Act]:
        """`DELETE …/{id}`: it is gone. `done` gets the thing as it was, which is the answer."""
        add = self.router.delete(self.at, summary=summary, **declared)
        return partial(self._register, add, self.show)

    def read(self, request: HttpRequest, given: str) -> HttpResponse:
        """One of them as it is now, or 304 for who has seen it so."""
        shown = self.show(request, self.found(request, given), clock())
        return not_modified(request, shown) or shown.response()

    def look(self, ask: Ask[Thing]) -> Callable[[Thing], None]:
        """Raises a Problem (412) for a thing that is not as the client has seen it."""
        return lambda thing: unchanged(ask.request, self.show(ask.request, thing, ask.now))

    def _register(self, add: Callable[..., object], show: Show, act: Act) -> Act:
        add(self._view(act, show))
        return act

    def _view(self, act: Callable[..., None], show: Show) -> Callable[..., HttpResponse]:
        """The view of an act, with the parameters that ninja reads from a signature."""

        def view(request: HttpRequest, body: Body | None = None, **ids: str) -> HttpResponse:
            now, given = clock(), [] if body is None else [body]

            def do(done: Callable[[Any], None]) -> None:
                thing = self.found(request, *ids.values())
                act(Ask(request, thing, now, done), *given)

            return once(request, now, lambda became: show(request, became, now), do)

        view.__name__, view.__doc__ = act.__name__, act.__doc__
        view.__signature__ = self._signature(act)  # type: ignore[attr-defined]
        return view

    def _signature(self, act: Callable[..., None]) -> Signature:
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

    def found(self, request: HttpRequest, given: str) -> Thing:
        """Raises a Problem (404), also for what belongs to another business."""
        wanted = self.id_in(given, self.no_such)
        try:
            return self.find(business_of(request).id, wanted)
        except ObjectDoesNotExist as error:
            raise not_found(self.no_such) from error


def _show_touched(request: HttpRequest, legs: list[Leg], now: datetime) -> Answer:
    return answer(TouchedOut(appointments=ids_of(legs)))


def ids_of(legs: list[Leg]) -> list[str]:
    """The appointments of these legs."""
    return [str(leg.appointment_id) for leg in legs]
