"""A sign-in for development: real OpenID Connect, and no proof of who anybody is.

It lists the people of the directory and lets the visitor be any of them. It says so on
every page, and `config check` names it. Never in production.
"""

import secrets
import time
from dataclasses import dataclass, field

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from joserfc import jwt
from joserfc.jwk import RSAKey

from broker.routing.practitioners import Practitioners

CODE_SECONDS = 60
TOKEN_SECONDS = 300
RSA_BITS = 2048
PREFIX = "/development-sign-in"


@dataclass(slots=True)
class _Grant:
    person: str
    client_id: str
    redirect_uri: str
    nonce: str
    until: float


@dataclass(slots=True)
class Provider:
    """The provider's state: one key, and codes that live for a minute."""

    people: Practitioners
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    templates: Jinja2Templates
    codes: dict[str, _Grant] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(RSA_BITS), repr=False)

    def router(self) -> APIRouter:
        """Build the provider's endpoints."""
        router = APIRouter(prefix=PREFIX, include_in_schema=False)
        router.add_api_route("/.well-known/openid-configuration", self.configuration)
        router.add_api_route("/jwks", self.jwks)
        router.add_api_route("/authorize", self.choose, response_class=HTMLResponse)
        router.add_api_route("/authorize", self.chosen, methods=["POST"])
        router.add_api_route("/token", self.token, methods=["POST"])
        return router

    async def configuration(self) -> JSONResponse:
        """OpenID Connect Discovery 1.0."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def jwks(self) -> JSONResponse:
        """The public key."""
        public = self.key.as_dict(private=False) | {"use": "sig", "kid": "development"}
        return JSONResponse({"keys": [public]})

    async def choose(self, request: Request) -> Response:
        """List who can be chosen."""
        return self.templates.TemplateResponse(
            request,
            "choose.html",
            {"people": self.people.practitioner, "query": dict(request.query_params)},
        )

    async def chosen(
        self,
        person: str = Form(),
        client_id: str = Form(),
        redirect_uri: str = Form(),
        state: str = Form(),
        nonce: str = Form(default=""),
    ) -> Response:
        """Give a code for the person chosen."""
        ours = redirect_uri.startswith(self.issuer.removesuffix(PREFIX))
        if person not in self.people.people or client_id != self.client_id or not ours:
            return Response("this request is not from our own console", status_code=400)
        code = secrets.token_urlsafe(24)
        until = time.monotonic() + CODE_SECONDS
        self.codes[code] = _Grant(person, client_id, redirect_uri, nonce, until)
        return RedirectResponse(f"{redirect_uri}?code={code}&state={state}", status_code=303)

    async def token(self, request: Request) -> JSONResponse:
        """Exchange a code for an identity token, once."""
        form = await request.form()
        grant = self.codes.pop(str(form.get("code", "")), None)
        known = grant is not None and grant.until > time.monotonic()
        if grant is None or not known or grant.redirect_uri != form.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": grant.person,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": grant.nonce,
        }
        token = jwt.encode({"alg": "RS256", "kid": "development"}, claims, self.key)
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(24),
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "id_token": token,
            }
        )
