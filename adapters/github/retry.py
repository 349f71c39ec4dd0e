"""What is tried again, and for how long GitHub may make us wait."""

from types import TracebackType
from typing import Self

from github import GithubRetry, RateLimitExceededExceedsMaxWait
from urllib3.connectionpool import ConnectionPool
from urllib3.response import HTTPResponse

LONGEST_WAIT = 60
"""Seconds a thread may sleep for a rate limit before the caller is told instead."""


class ReadsOnly(GithubRetry):
    """Repeats reads up to three times and writes never: a repeated POST makes a second issue or release.

    A Retry-After beyond LONGEST_WAIT raises at once; PyGithub caps only the other kinds of rate limit.
    """

    @classmethod
    def policy(cls) -> Self:
        return cls(total=3, allowed_methods={"GET", "HEAD"}, max_rate_limit_wait=LONGEST_WAIT)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: HTTPResponse | None = None,  # type: ignore[override]  # as PyGithub narrows it
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        wait = self.get_retry_after(response) if response is not None else None
        if response is not None and wait is not None and wait > LONGEST_WAIT:
            response.close()  # it is not read, so its connection is of no further use
            raise RateLimitExceededExceedsMaxWait(
                response.status, {"message": response.reason}, dict(response.headers), wait=wait
            )
        return super().increment(method, url, response, error, _pool, _stacktrace)  # type: ignore[return-value]  # ours: made by `new`
