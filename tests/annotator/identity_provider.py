"""A small OpenID Connect provider on this machine: discovery, authorisation code with PKCE, RS256 tokens, keys.

It asks nobody anything: whoever comes is who `says` names. It checks what a provider checks (client, secret, redirect,
code used once, PKCE), so that a client that does it wrong does not get in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, CLIENT_SECRET = "teletriage", "a-secret-of-the-client"


class IdentityProvider:
    """`says`: the claims about whoever comes next. `signs_with`: another key than the published one, to be refused.
    `makes`: another token of the claims than a signed one. `came`: the redirect that the last browser was sent on."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.signs_with: RSAKey | None = None
        self.says: dict[str, Any] = {}
        self.makes: Callable[[dict[str, Any]], str | None] | None = None
        self.came = ""
        self.audience = CLIENT
        self.redirects: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorise(self, asked: Mapping[str, str]) -> str:
        """Where the browser is sent next, with a code."""
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] in self.redirects
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = dict(asked)
        self.came = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return self.came

    def token(self, asked: Mapping[str, str], basic: str) -> dict[str, Any]:
        """The tokens for a code, which is good once."""
        assert base64.b64decode(basic.removeprefix("Basic ")).decode() == f"{CLIENT}:{CLIENT_SECRET}"
        given = self.codes.pop(asked["code"])
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == given["code_challenge"]
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": self.audience,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": given["nonce"],
            **self.says,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = (
            self.makes(claims)
            if self.makes
            else jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.signs_with or self.key)
        )
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": signed}


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            fields = {name: values[0] for name, values in parse_qs(asked.query).items()}
            if asked.path == "/.well-known/openid-configuration":
                self._json(provider.discovery())
            elif asked.path == "/keys":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            elif asked.path == "/authorize":
                self._go(provider.authorise(fields))
            elif asked.path == "/end":
                self._go(fields["post_logout_redirect_uri"])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            fields = {name: values[0] for name, values in parse_qs(body).items()}
            self._json(provider.token(fields, self.headers.get("authorization", "")))

        def _json(self, told: object) -> None:
            content = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _go(self, where: str) -> None:
            self.send_response(302)
            self.send_header("location", where)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: the tests' output is not the place."""

    return Handler
