"""The pages: routes, sign-in, and the headers that keep them to themselves."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Annotated
from uuid import UUID

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware

from broker import metrics
from broker.app import App
from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.console.dev_provider import PREFIX, Provider
from broker.console.read import NOTE_LENGTH_MAX, OUTCOMES, Reader
from broker.console.words import WORDS, agency_name, due_sentence
from broker.db.pool import transaction
from broker.errors import NotPermittedError, SettingsError, UnavailableError
from broker.routing import agreement
from broker.routing.practitioners import Practitioner
from schemas.errors import FullpictureError

SESSION_SECONDS = 8 * 60 * 60
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SignInNeeded(Exception):  # noqa: N818 - not an error: the visitor is sent to sign in
    """Nobody is signed in."""


@dataclass(slots=True)
class Pages:
    """What every page uses."""

    app: App
    sharing: agreement.Sharing
    templates: Jinja2Templates
    oauth: OAuth
    development: bool
    secret: str = field(repr=False)

    def person(self, request: Request) -> Practitioner:
        """Who is signed in.

        Raises:
            SignInNeeded: Nobody, or somebody the directory no longer knows.
        """
        person = self.app.people.people.get(str(request.session.get("person", "")))
        if person is None or not person.active:
            raise SignInNeeded
        return person

    def reader(self, request: Request) -> Reader:
        """What reads for whoever is signed in."""
        return Reader(self.app, self.sharing, self.person(request))

    def show(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> Response:
        """Render a page."""
        person = self.app.people.people.get(str(request.session.get("person", "")))
        return self.templates.TemplateResponse(
            request,
            template,
            {
                "development": self.development,
                "person": person,
                "csrf": request.session.get("csrf", ""),
                "now": self.app.clock(),
                **values,
            },
            status_code=status,
        )


def make(app: App) -> FastAPI:
    """Build the console.

    Raises:
        SettingsError: Sign-in is not configured.
    """
    settings = app.settings.console
    if settings.session_secret is None:
        msg = "console.session_secret is empty: set 32 random bytes, kept secret"
        raise SettingsError(msg)
    if not settings.development_provider and not settings.oidc_issuer:
        msg = "console.oidc_issuer is empty: name your OpenID Connect provider"
        raise SettingsError(msg)
    folder = files("broker.console")
    templates = Jinja2Templates(directory=str(folder / "templates"))
    templates.env.globals.update(
        words=WORDS,
        outcomes=OUTCOMES,
        due_sentence=due_sentence,
        agency_name=lambda agency: agency_name(app.directory, agency),
        note_length_max=NOTE_LENGTH_MAX,
    )
    web = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    issuer = settings.oidc_issuer or ""
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    if settings.development_provider:
        issuer = f"{settings.base_url}{PREFIX}"
        secret = secrets.token_urlsafe(24)
        provider = Provider(app.people, issuer, settings.oidc_client_id, secret, templates)
        web.include_router(provider.router())
    oauth = OAuth()
    oauth.register(
        "provider",
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_id=settings.oidc_client_id,
        client_secret=secret,
        client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
    )
    pages = Pages(
        app=app,
        sharing=agreement.load(app.settings.policy.sharing),
        templates=templates,
        oauth=oauth,
        development=settings.development_provider,
        secret=secret,
    )
    web.mount("/static", StaticFiles(directory=str(folder / "static")), name="static")
    _protect(web, pages)
    _sign_in(web, pages, base_url=settings.base_url)
    _reading(web, pages)
    web.add_middleware(
        SessionMiddleware,
        secret_key=settings.session_secret.get_secret_value(),
        session_cookie="fullpicture",
        max_age=SESSION_SECONDS,
        same_site="lax",
        https_only=settings.base_url.startswith("https"),
    )
    return web


def _protect(web: FastAPI, pages: Pages) -> None:
    @web.middleware("http")
    async def headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response

    async def sign_in(_: Request, __: Exception) -> Response:
        return RedirectResponse("/sign-in", status_code=303)

    async def absent(request: Request, _: Exception) -> Response:
        metrics.VIEWS_DENIED.inc()
        return pages.show(request, "absent.html", 404)

    async def away(request: Request, _: Exception) -> Response:
        # Nothing is shown that could not be logged.
        return pages.show(request, "away.html", 503)

    web.add_exception_handler(SignInNeeded, sign_in)
    web.add_exception_handler(NotPermittedError, absent)
    web.add_exception_handler(HTTPException, absent)
    web.add_exception_handler(UnavailableError, away)
    web.add_exception_handler(FullpictureError, away)


def _sign_in(web: FastAPI, pages: Pages, *, base_url: str) -> None:
    async def record(action: Action, actor: str, outcome: str) -> None:
        entry = Entry(
            action=action,
            actor=actor,
            actor_role="practitioner",
            object_digest="console",
            outcome=outcome,
        )
        async with transaction(pages.app.pool) as tx:
            await audit_store.append(tx, [entry], at=pages.app.clock())

    @web.get("/sign-in")
    async def begin(request: Request) -> Response:
        response: Response = await pages.oauth.provider.authorize_redirect(
            request, f"{base_url}/sign-in/return"
        )
        return response

    @web.get("/sign-in/return")
    async def finish(request: Request) -> Response:
        try:
            token = await pages.oauth.provider.authorize_access_token(request)
        except OAuthError:
            await record(Action.SIGN_IN_DENIED, "unknown", "provider_refused")
            return pages.show(request, "signed_out.html", 403)
        subject = str(token["userinfo"]["sub"])
        known = pages.app.people.people.get(subject)
        request.session.clear()
        if known is None or not known.active:
            await record(Action.SIGN_IN_DENIED, "unknown", "not_in_directory")
            return pages.show(request, "signed_out.html", 403)
        request.session["person"] = known.id
        request.session["csrf"] = secrets.token_urlsafe(24)
        await record(Action.SIGN_IN, known.id, "signed_in")
        return RedirectResponse("/", status_code=303)

    @web.post("/sign-out")
    async def leave(request: Request, csrf: Annotated[str, Form()]) -> Response:
        person = pages.person(request)
        _same(request, csrf)
        request.session.clear()
        await record(Action.SIGN_OUT, person.id, "signed_out")
        return pages.show(request, "signed_out.html")


def _reading(web: FastAPI, pages: Pages) -> None:
    @web.get("/")
    async def inbox(request: Request) -> Response:
        reader = pages.reader(request)
        alerts, waiting = await reader.inbox(), await reader.waiting()
        metrics.VIEWS.inc()
        return pages.show(request, "inbox.html", alerts=alerts, waiting=waiting)

    @web.get("/alerts/{alert_id}")
    async def alert(request: Request, alert_id: UUID) -> Response:
        view = await pages.reader(request).alert(alert_id)
        metrics.VIEWS.inc()
        return pages.show(request, "alert.html", view=view, error="")

    @web.post("/alerts/{alert_id}")
    async def answer(
        request: Request,
        alert_id: UUID,
        csrf: Annotated[str, Form()],
        act: Annotated[str, Form()] = "acknowledge",
        outcome: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
    ) -> Response:
        reader = pages.reader(request)
        _same(request, csrf)
        missing = outcome not in OUTCOMES or (outcome == "no_action" and not note.strip())
        if missing:
            view = await reader.alert(alert_id)
            sentence = "Choose an outcome; give a reason when there is no action"
            return pages.show(
                request, "alert.html", 422, view=view, error=sentence, note=note, chosen=outcome
            )
        await reader.answer(alert_id, outcome=outcome, note=note.strip(), close=act == "close")
        return RedirectResponse(f"/alerts/{alert_id}", status_code=303)

    @web.get("/children/{child_id}")
    async def child(request: Request, child_id: UUID) -> Response:
        view = await pages.reader(request).picture(child_id)
        metrics.VIEWS.inc()
        return pages.show(request, "child.html", view=view)

    @web.get("/children/{child_id}/looked")
    async def looked(request: Request, child_id: UUID) -> Response:
        entries = await pages.reader(request).looked(child_id)
        return pages.show(
            request,
            "looked.html",
            entries=entries,
            child_id=child_id,
            people=pages.app.people.people,
        )


def _same(request: Request, csrf: str) -> None:
    expected = str(request.session.get("csrf", ""))
    if not expected or not secrets.compare_digest(csrf, expected):
        raise NotPermittedError
