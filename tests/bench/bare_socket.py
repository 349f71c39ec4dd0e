"""What the least of a bot costs: `python -m tests.bench.bare_socket SLACK DATABASE`.

It opens a Socket Mode connection, stores each envelope as one row in bare SQL with the same durability, and
acknowledges it; nothing is parsed, translated or handled.
"""

import asyncio
import json
import sqlite3
import sys
from contextlib import suppress

import aiohttp


async def main(api_url: str, app_token: str, path: str) -> None:
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE inbox (key TEXT UNIQUE, event TEXT)")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {app_token}"}) as session:
        async with session.post(f"{api_url}apps.connections.open") as opened:
            url = (await opened.json())["url"]
        async with session.ws_connect(url) as socket:
            async for message in socket:
                envelope = json.loads(message.data)
                if "envelope_id" in envelope:
                    bare.execute("BEGIN IMMEDIATE")
                    bare.execute("INSERT INTO inbox VALUES (?, ?)", (envelope["envelope_id"], message.data))
                    bare.execute("COMMIT")
                    await socket.send_json({"envelope_id": envelope["envelope_id"]})


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
