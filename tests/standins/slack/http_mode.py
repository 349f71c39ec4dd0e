"""HTTP mode: signed requests to the bot's own URL."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.standins.slack.delivery import COMMANDS, EVENTS, Delivery
from tests.standins.slack.errors import Json


@dataclass
class Signing:
    """How requests are signed. A wrong secret or an age makes them ones that must be refused."""

    secret: str
    clock: Callable[[], datetime]
    wrong: bool = False
    age: timedelta = timedelta(0)

    def headers(self, body: str) -> dict[str, str]:
        timestamp = str(int((self.clock() - self.age).timestamp()))
        secret = self.secret + ("-of-somebody-else" if self.wrong else "")
        digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


class HttpMode:
    """Each delivery is one POST; a 200 within the limit is the ack. `statuses` keeps what the bot answered."""

    def __init__(self, signing: Signing, ack_within: float) -> None:
        self.signing = signing
        self.ack_within = ack_within
        self.urls: dict[str, str] = {}
        self.statuses: list[int] = []

    def send_to(self, events: str, commands: str | None = None, interactivity: str | None = None) -> None:
        self.urls = {EVENTS: events, COMMANDS: commands or events, "interactive": interactivity or events}

    async def send(self, delivery: Delivery, retry: tuple[int, str] | None) -> Coroutine[Any, Any, None]:
        body, content_type = encoded(delivery)
        headers = {"Content-Type": content_type} | self.signing.headers(body)
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        return self._post(delivery, self.urls[delivery.kind], body, headers)

    async def _post(self, delivery: Delivery, url: str, body: str, headers: dict[str, str]) -> None:
        try:
            status, answer, no_retry = await self._answer(url, body, headers)
        except TimeoutError:
            delivery.trouble = "http_timeout"
        except aiohttp.ClientError:
            delivery.trouble = "connection_failed"
        else:
            self.statuses.append(status)
            if status == 200:
                delivery.ack(_payload(answer))
            else:
                delivery.trouble = "http_error"
                delivery.tries += 99 if no_retry else 0

    async def _answer(self, url: str, body: str, headers: dict[str, str]) -> tuple[int, str, bool]:
        async with (
            asyncio.timeout(self.ack_within),
            aiohttp.ClientSession() as session,
            session.post(url, data=body.encode(), headers=headers) as answer,
        ):
            return answer.status, await answer.text(), answer.headers.get("X-Slack-No-Retry") == "1"

    async def verify_url(self) -> bool:
        """The handshake when a request URL is entered: the bot must send the challenge back."""
        challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
        body = json.dumps({"token": "verification", "challenge": challenge, "type": "url_verification"})
        headers = {"Content-Type": "application/json"} | self.signing.headers(body)
        status, answer, _ = await self._answer(self.urls[EVENTS], body, headers)
        self.statuses.append(status)
        return status == 200 and challenge in answer


def encoded(delivery: Delivery) -> tuple[str, str]:
    """Events are JSON, commands are a form, everything else is a form with JSON in it."""
    if delivery.kind == EVENTS:
        return json.dumps(delivery.payload), "application/json"
    form = delivery.payload if delivery.kind == COMMANDS else {"payload": json.dumps(delivery.payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def _payload(answer: str) -> Json | None:
    if not answer:
        return None
    try:
        given = json.loads(answer)
    except ValueError:
        return {"text": answer}
    return given if isinstance(given, dict) else None
