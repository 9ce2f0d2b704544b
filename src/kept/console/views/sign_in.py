"""Signing in and out, one's own account, and which business one acts for."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kept.accounts import actions as accounts
from kept.accounts import queries
from kept.accounts.queries import Member, User
from kept.clock.queries import real_now
from kept.console import throttle, words
from kept.console.access import Desk, act_for, at_desk, sent, show, way_back
from kept.console.forms import NewPassword, SignIn
from kept.web import pages

page = require_http_methods(["GET", "HEAD", "POST"])

WRONG = "The e-mail address and the password do not belong together."


@page
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """With e-mail address and password. Wrong ones cost more time with every attempt."""
    after = _after(request)
    form = SignIn(sent(request))
    if request.method == "POST" and form.is_valid():
        user = _checked(form)
        if user is not None:
            _let_in(request, user)
            return redirect(after)
    context = {"form": form, "next": after if after != _home() else ""}
    status = 400 if form.is_bound else 200
    return pages.render(request, "console/sign_in.html", context, status=status)


def _checked(form: SignIn) -> User | None:
    """The user these belong to, or None with the refusal in the form."""
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    known = queries.user_by_email(email)
    # Counted for the account itself: the database takes more writings for one than we would.
    account = known.email if known else email
    wait = throttle.attempt(account, real_now())
    if wait:
        form.add_error(
            None,
            f"Too many attempts: wait {words.ago(wait.total_seconds() + 1)} and try again, "
            "or use a sign-in link.",
        )
        return None
    # Also without such a user, so that the time it takes does not say whether there is one.
    user = authenticate(username=known.username if known else "", password=password)
    if user is None:
        form.add_error(None, WRONG)
        return None
    throttle.succeeded(account)
    return user


def _let_in(request: HttpRequest, user: User) -> None:
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])


def _home() -> str:
    return reverse("console:today")


def _after(request: HttpRequest) -> str:
    """Where to go once signed in: only within this site."""
    return way_back(request, _home())


@page
def by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """A one-time link. Opening it only shows a button: mail scanners open every link."""
    if request.method != "POST":
        return pages.render(request, "console/by_link.html", {"secret": secret})
    user = accounts.use_sign_in_link(secret, real_now())
    if user is None:
        return pages.render(request, "console/link_over.html", {}, status=410)
    _let_in(request, user)
    if not user.has_usable_password():
        messages.info(request, "You are signed in. Set a password to come back without a link.")
        return redirect("console:account")
    return redirect("console:today")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("console:sign_in")


@at_desk(Member.STAFF, posts=True, any_business=True)
@sensitive_post_parameters("old", "new", "again")
def account(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Who I am, what I may do, and my password."""
    form = NewPassword(sent(request))
    if not desk.user.has_usable_password():
        del form.fields["old"]
    if request.method == "POST" and form.is_valid() and _set_password(desk.user, form):
        update_session_auth_hash(request, desk.user)
        messages.success(request, "The password is set. Other sessions are signed out.")
        return redirect("console:account")
    return show(
        request,
        desk,
        "console/account.html",
        {"form": form},
        status=400 if form.is_bound else 200,
    )


def _set_password(user: User, form: NewPassword) -> bool:
    data = form.cleaned_data
    if "old" in data and not user.check_password(data["old"]):
        form.add_error("old", "This is not your present password.")
        return False
    try:
        validate_password(data["new"], user)
    except ValidationError as error:
        form.add_error("new", error)
        return False
    user.set_password(data["new"])
    user.save(update_fields=["password"])
    return True


@at_desk(Member.STAFF, posts=True, any_business=True)
def business(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Choose which of one's businesses to act for."""
    if request.method == "POST":
        chosen = queries.membership(desk.user, request.POST.get("business", ""))
        if chosen is None:
            raise Http404
        act_for(request, chosen)
        return redirect("console:today")
    return show(request, desk, "console/business.html", {})
